"""Where things lie: what we ship (in a checkout or in an installed wheel) and the user's own folders."""

from __future__ import annotations

import os
from pathlib import Path

APP = "msopt-tui"
_PACKAGE = Path(__file__).resolve().parent


def themes_dirs() -> list[Path]:
    """Folders that hold themes, the user's first, so that a theme of theirs wins over ours of the same name.

    The user's need not exist.
    """
    return [_xdg("XDG_CONFIG_HOME", ".config") / "themes", _shipped("themes")]


def sample_projects_dir() -> Path:
    """The folder with one folder for each sample project."""
    return _shipped("sample_projects")


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/msopt-tui`: what can be made again. Need not exist."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def state_dir() -> Path:
    """`$XDG_STATE_HOME/msopt-tui`: what is remembered from one start to the next. Need not exist."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def _shipped(name: str) -> Path:
    """The wheel keeps it inside the package (see `force-include` in pyproject.toml), a checkout beside it."""
    inside = _PACKAGE / f"_{name}"
    return inside if inside.is_dir() else _PACKAGE.parent / name


def _xdg(variable: str, default: str) -> Path:
    """The XDG base directory specification has relative values ignored."""
    given = os.environ.get(variable, "")
    # expanduser and not Path.home(): without HOME and without a password entry that one raises.
    base = Path(given) if Path(given).is_absolute() else Path(os.path.expanduser("~")) / default  # noqa: PTH111
    return base / APP

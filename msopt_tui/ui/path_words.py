"""Paths on a line: short where that says the same, and where one must be cut, its end stays: it tells most."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.cells import cell_len

from msopt_tui.ui.sanitise import sanitise


def near(path: Path) -> str:
    """As it would be typed here: relative to the working directory or, from `~` on, to the home directory."""
    for folder, sign in ((_folder(Path.cwd), ""), (_folder(Path.home), "~/")):
        if folder is not None and path.is_relative_to(folder) and path != folder:
            return f"{sign}{path.relative_to(folder)}"
    return str(path)


def path_in(path: Path, width: int) -> str:
    """A path in at most `width` cells, harmless, with … where its beginning is left out."""
    text = sanitise(near(path), multiline=False)
    if cell_len(text) <= width:
        return text
    left = width - 1
    for at in range(len(text) - 1, -1, -1):
        left -= cell_len(text[at])
        if left < 0:
            return f"…{text[at + 1 :]}" if width > 0 else ""
    return text


def _folder(find: Callable[[], Path]) -> Path | None:
    """`None` where it is gone, or nobody's."""
    try:
        return find()
    except (OSError, RuntimeError):
        return None

"""Looks whether the file of the theme in use was edited, so that a person sees their colours while they write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msopt_tui.ui.theme import ThemeFile, load_theme

SECONDS = 1.0
"""Between two looks; each is a `stat` a folder, and together they are what an idle cockpit does most often."""

_State = tuple[tuple[int, int] | None, ...]


class ThemeWatch:
    """The files that a theme's name may stand for, the user's first, and how they were when last looked at."""

    def __init__(self, name: str, folders: Sequence[Path]) -> None:
        self._folders = folders
        self.use(name)

    def use(self, name: str) -> None:
        """Watch this theme from now on."""
        self.name = name
        self._files = [folder / f"{name}.toml" for folder in self._folders]
        self._seen = self._look()

    def changed(self) -> tuple[ThemeFile | None, list[str]]:
        """The theme as it is now, where a file of its changed since the last call, and what is wrong in it.

        Half-written files are common here, so a broken one leaves the colours as they are: the theme is `None`.
        """
        now = self._look()
        if now == self._seen:
            return None, []
        self._seen = now
        theme, problems = load_theme(self.name, self._folders)
        return (None if problems else theme), problems

    def _look(self) -> _State:
        return tuple(map(_stamp, self._files))


def _stamp(path: Path) -> tuple[int, int] | None:
    """When it was written and its size: the clock of a file system may be too coarse for two quick saves."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None  # not there, or a name that no file can have
    return stat.st_mtime_ns, stat.st_size

"""A project file on the disk as an editor needs it: its text, saved whole, never over what others wrote unseen."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal

from msopt_tui.config.load import read_text
from msopt_tui.runs.directory import write_text_atomic

NEW_MODE = 0o644
"""Of a file that was not there: a project file is shared as source code is."""


class ProjectFile:
    """Remembers what was read or written last."""

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises ConfigError where it is no readable text."""
        self.path = path
        self.text = read_text(path)
        self._seen = self._now()

    @property
    def changed_by_others(self) -> Literal["", "changed", "gone"]:
        """What became of the file since it was last read or written: `changed`, `gone`, or nothing."""
        now = self._now()
        if now == self._seen:
            return ""
        return "gone" if now is None else "changed"

    def reload(self) -> str:
        """Its text as it is now. Raises ConfigError."""
        self.text = read_text(self.path)
        self._seen = self._now()
        return self.text

    def save(self, text: str) -> None:
        """Replace the file in one go; it keeps its permissions, and a link keeps pointing to it. Raises OSError."""
        target = self.path.resolve()
        try:
            mode = stat.S_IMODE(target.stat().st_mode)
        except FileNotFoundError:
            mode = NEW_MODE
        write_text_atomic(target, text, mode=mode)
        self.text = text
        self._seen = self._now()

    def _now(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except OSError:
            return None

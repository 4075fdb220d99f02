"""Remembers the person's layout from one start to the next, in one small file of theirs."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from msopt_tui.ui.layout import USUAL, PaneLayout


class LayoutMemory:
    """The layout in force, and the file that it is kept in."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file, where there is one; without a path nothing is kept beyond this process."""
        self._path = path
        self.problem = ""
        """What is wrong with the file; empty where nothing is."""
        self.layout = self._kept = self._read(path) if path is not None else USUAL

    def _read(self, path: Path) -> PaneLayout:
        try:
            return msgspec.json.decode(path.read_bytes(), type=PaneLayout)
        except FileNotFoundError:
            return USUAL
        except (OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) else f"damaged: {error}"
            self.problem = f"{path}: {what}; the usual layout is shown"
            return USUAL

    def keep(self) -> str:
        """Write down what has changed; returns why it could not be written, empty where it was."""
        if self.layout == self._kept:
            return ""
        self._kept = self.layout
        if self._path is None:
            return ""
        beside = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(self.layout)) + b"\n")
            beside.replace(self._path)
        except OSError as error:
            return f"the layout is not remembered: {self._path}: {error.strerror}"
        return ""

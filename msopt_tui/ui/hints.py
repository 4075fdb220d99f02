"""The handful of keys that matter, told in a person's first cockpit and remembered as told."""

from __future__ import annotations

import contextlib
from pathlib import Path

from msopt_tui.ui.keys import Keys
from msopt_tui.ui.widgets.lines import Words, words_length

_STEERING = (
    ("pause", "pause"),
    ("evaluate", "evaluate now"),
    ("adjust", "change settings"),
)
_TOLD = (
    ("next_pane", "next pane"),
    ("maximise", "maximise it"),
    ("history", "all runs"),
)
_LEAVES = {True: "leave: the run can go on without you", False: "leave"}

MARGIN = 2
ROOM = (60, 20)
"""Columns and lines of the screen from which on there is room for them."""


class Hints:
    """Open until a person closes them, in one start of the program only: the file says that they were shown."""

    def __init__(self, path: Path) -> None:
        """`path` is a file of the person's own; where it is there, nothing is shown any more."""
        self._path = path
        self._is_open = not path.exists()
        self._was_shown = False

    def close(self) -> bool:
        """Hide them; whether they were there."""
        was_there = self._is_open and self._was_shown
        if was_there:
            self._is_open = False
        return was_there

    def lines(self, keys: Keys, width: int, height: int, *, steers: bool = True) -> list[Words]:
        """What to show on a screen of this size; nothing where they are closed, or there is no room to spare.

        `steers`: whether commands can be sent from this screen.
        """
        if not self._is_open or width < ROOM[0] or height < ROOM[1]:
            return []
        if not self._was_shown:
            self._was_shown = True
            # Where it can't be kept they come once more at the next start, and `[ui] hints = false` helps.
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.touch()
        return hint_lines(keys, width - MARGIN, steers=steers)


def hint_lines(keys: Keys, width: int, *, steers: bool = True) -> list[Words]:
    """Key by key, in as many lines as that takes; how to be rid of them comes last. Pure."""
    lines: list[Words] = [[(" First time here?", "title")]]
    told = [*(_STEERING if steers else ()), *_TOLD, ("quit", _LEAVES[steers]), ("help", "all keys")]
    for words in [*(_one(keys, name, what) for name, what in told), _one(keys, "back", "hides this")]:
        if words_length(lines[-1]) + words_length(words) > width:
            lines.append([(" ", "")])
        lines[-1] += words
    return lines


def _one(keys: Keys, name: str, what: str) -> Words:
    return [("  ", ""), (keys.key_of(name), "key"), (f" {what}", "")]

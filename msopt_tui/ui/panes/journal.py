"""The journal: what happened, who asked, at which step; newest at the bottom."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Words, wrap

if TYPE_CHECKING:
    from msopt_tui.state.describe import Line, LineKind
    from msopt_tui.state.run_state import RunState

KINDS: dict[LineKind, tuple[str, Role]] = {
    "run": ("●", "primary"),
    "phase": ("▸", "primary"),
    "evaluation": ("◆", "accent"),
    "checkpoint": ("▲", "good"),
    "command": ("›", "muted"),
    "adjusted": ("✎", "primary"),
    "refine": ("⚑", "accent"),
    "warning": ("!", "warn"),
    "error": ("✗", "bad"),
}
"""Glyph and role of each kind of line."""
_ROWS = 10_000
_AT_FIRST = 100
"""Lines of a long journal that are laid out until somebody scrolls up."""


class JournalPane(TextPane):
    """Follows new lines while its end is in view."""

    PANE = "journal"
    TITLE = "journal"

    def __init__(self) -> None:
        super().__init__()
        self.follow = True
        self._rows: deque[Words] = deque(maxlen=_ROWS)
        self._taken = 0
        self._made_of: RunState | None = None
        self._made_for: tuple[int, str, bool] = (0, "", False)
        self._is_whole = False
        """Whether more is wanted than the latest lines."""
        self.filter = ""
        """Only lines with all of these words are shown; see `matches`."""

    def looks_at(self, state: RunState) -> object:
        """How many lines there ever were, and which of them are wanted."""
        return state.journal.count, self.filter

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """What is new is added; everything is made anew only for another width or run."""
        wanted = width, self.filter, self._is_whole or bool(self.filter)
        if self._made_of is not state or self._made_for != wanted:
            self._made_of, self._made_for = state, wanted
            self._rows.clear()
            self._taken = 0
        if not wanted[2] and state.journal.count - self._taken > _AT_FIRST:
            self._rows.clear()
            self._taken = state.journal.count - _AT_FIRST
        for line in state.journal.latest(state.journal.count - self._taken):
            if matches(line, self.filter):
                self._rows.extend(journal_rows(line, width))
        self._taken = state.journal.count
        return list(self._rows) or ([[("no line has these words", "muted")]] if self.filter else [])

    def use_filter(self, words: str) -> None:
        """Show only lines with these words, from the latest on; all lines without any."""
        self.filter = words.strip()
        self.set_follow(True)
        self.redraw()

    def scroll_lines(self, by: int, *, to_end: bool = False) -> None:
        """Scrolling up stops following; reaching the end takes it up again."""
        if by < 0 and not self._is_whole:
            self._show_whole()
        super().scroll_lines(by, to_end=to_end)
        if by:
            self.set_follow(self.at_end)

    def _show_whole(self) -> None:
        """Lay out what is above too; the view stays on the lines that it shows."""
        self._is_whole = True
        from_end = len(self.lines) - self.top
        self.redraw()
        self.top = max(len(self.lines) - from_end, 0)

    def set_follow(self, follow: bool) -> None:
        """Follow new lines, or stay."""
        self.follow = follow
        notes = [f"only: {self.filter}" if self.filter else "", "" if follow else "not following"]
        self.subtitle(" · ".join(filter(None, notes)))


def matches(line: Line, words: str) -> bool:
    """Whether a line has every word, in its text or as its kind (`checkpoint`), and none with a `-` before it."""
    text = f"{line.kind} {line.text}".casefold()
    return all(
        (word[1:] not in text) if word.startswith("-") and len(word) > 1 else word in text
        for word in words.casefold().split()
    )


def journal_rows(line: Line, width: int) -> list[Words]:
    """One line of the journal, wrapped under its own text."""
    glyph, role = KINDS[line.kind]
    clock = time.strftime("%H:%M:%S", time.localtime(line.time))
    step = f"{line.step:>7,}" if line.step is not None else " " * 7
    head: Words = [(f"{clock} ", "muted"), (f"{step} ", "muted"), (f"{glyph} ", role)]
    if width < 60:
        head = [(f"{clock[:5]} ", "muted"), (f"{glyph} ", role)]
    indent = sum(len(text) for text, _ in head)
    body: Role = role if line.kind in ("warning", "error") else ""
    first, *rest = wrap(line.text, max(width - indent, 10))
    return [[*head, (first, body)], *([(" " * indent, ""), (text, body)] for text in rest)]

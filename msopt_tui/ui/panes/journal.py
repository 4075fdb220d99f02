"""The journal: what happened, who asked, at which step; newest at the bottom."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
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
        self._made_for = 0

    def looks_at(self, state: RunState) -> object:
        """How many lines there ever were."""
        return state.journal_count

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """What is new is added; everything is made anew only for another width or run."""
        if self._made_of is not state or self._made_for != width:
            self._made_of, self._made_for = state, width
            self._rows.clear()
            self._taken = 0
        fresh = min(state.journal_count - self._taken, len(state.journal))
        for line in islice(state.journal, len(state.journal) - fresh, None):
            self._rows.extend(journal_rows(line, width))
        self._taken = state.journal_count
        return list(self._rows)

    def scroll_lines(self, by: int, *, to_end: bool = False) -> None:
        """Scrolling up stops following; reaching the end takes it up again."""
        super().scroll_lines(by, to_end=to_end)
        if by:
            self.set_follow(self.at_end)

    def set_follow(self, follow: bool) -> None:
        """Follow new lines, or stay."""
        self.follow = follow
        self.subtitle("" if follow else "not following")


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

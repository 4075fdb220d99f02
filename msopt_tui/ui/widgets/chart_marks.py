"""Which marks of a run are worth drawing: those in the window, and of each kind one a cell."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Sequence
from math import floor

from msopt_tui.ui.widgets.chart_model import Mark
from msopt_tui.ui.widgets.chart_window import Range

FEW = 200
"""So many are drawn as they are."""
PARTS = 2
"""A cell is looked at in so many parts, so that none of its marks falls to the cell beside it."""


class VisibleMarks:
    """Keeps the steps of each kind in order, so that a frame costs by its cells and not by the marks of a long run."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str], array[int]] = {}
        self._taken = 0
        self._last: Mark | None = None

    def of(self, marks: Sequence[Mark], window: Range, cells: int) -> tuple[Mark, ...]:
        """The marks to draw in a window of so many cells; all of them where there are few."""
        if len(marks) <= FEW:
            return tuple(marks)
        self._take(marks)
        part = (window.x1 - window.x0) / (PARTS * max(cells, 1))
        seen: list[Mark] = []
        for (glyph, kind), steps in self._steps.items():
            at = bisect_left(steps, window.x0)
            while at < len(steps) and steps[at] <= window.x1:
                seen.append(Mark(steps[at], glyph, kind))
                edge = window.x0 + (floor((steps[at] - window.x0) / part) + 1) * part
                at = bisect_left(steps, edge, at + 1)
        return tuple(seen)

    def _take(self, marks: Sequence[Mark]) -> None:
        """What is new; all of them where it is another run, or one that went back."""
        if len(marks) < self._taken or (self._taken and marks[self._taken - 1] != self._last):
            self._steps, self._taken = {}, 0
        for step, glyph, kind in marks[self._taken :]:
            steps = self._steps.setdefault((glyph, kind), array("q"))
            if steps and step < steps[-1]:
                insort(steps, step)
            else:
                steps.append(step)
        self._taken, self._last = len(marks), marks[-1]

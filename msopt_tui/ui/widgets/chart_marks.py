"""Which marks of a run are worth drawing: those in the window, and of each kind one a cell."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from math import floor

from msopt_tui.ui.widgets.chart_model import Mark, MarkedSteps
from msopt_tui.ui.widgets.chart_window import Range

PARTS = 2
"""A cell is looked at in so many parts, so that none of its marks falls to the cell beside it."""


def visible(marks: Sequence[MarkedSteps], window: Range, cells: int) -> tuple[Mark, ...]:
    """The marks to draw in a window of so many cells: a frame costs by its cells, not by the marks of a long run."""
    return tuple(mark for marked in marks for mark in _of_kind(marked, window, cells))


def _of_kind(marked: MarkedSteps, window: Range, cells: int) -> Iterator[Mark]:
    glyph, kind, steps = marked
    part = (window.x1 - window.x0) / (PARTS * max(cells, 1))
    at = bisect_left(steps, window.x0)
    while at < len(steps) and steps[at] <= window.x1:
        yield Mark(steps[at], glyph, kind)
        edge = window.x0 + (floor((steps[at] - window.x0) / part) + 1) * part
        at = bisect_left(steps, edge, at + 1)

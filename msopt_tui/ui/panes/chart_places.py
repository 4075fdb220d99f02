"""Curves and marks laid out by tokens, time or epochs instead of steps."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from heapq import merge

from msopt_tui.state.clock import Clock
from msopt_tui.state.series import Series
from msopt_tui.ui.widgets.chart_model import Curve, MarkedSteps
from msopt_tui.ui.widgets.chart_units import STEPS, XUnit


class _Moved:
    """A series at other places, and how much of its source it holds."""

    def __init__(self, source: Series, stamp: tuple[int, int]) -> None:
        self.source = source
        self.stamp = stamp
        self.series = Series()
        self.last_step = -1


class _MovedMarks:
    """Marks at other places, and how far they go in their source."""

    def __init__(self, clock: tuple[Clock, int]) -> None:
        self.clock = clock
        self.places = array("q")
        self.last_step = -1

    def goes_on_in(self, steps: Sequence[int]) -> bool:
        """Whether what was taken from the source is still the first part of it."""
        taken = len(self.places)
        return not taken or (taken <= len(steps) and steps[taken - 1] == self.last_step)


class Places:
    """Keeps the series that were laid out, so that a frame costs only what is new."""

    def __init__(self) -> None:
        self._unit = STEPS
        self._moved: dict[int, _Moved] = {}
        self._marks: dict[str, _MovedMarks] = {}

    def curves(self, curves: Iterable[Curve], clock: Clock, unit: XUnit) -> list[Curve]:
        """The curves by this unit."""
        if unit != self._unit:
            self._unit = unit
            self._moved.clear()
            self._marks.clear()
        if unit == STEPS:
            return list(curves)
        return [replace(curve, series=self._series(curve.series, clock), max_gap=0) for curve in curves]

    def marks(self, marks: Iterable[MarkedSteps], clock: Clock, unit: XUnit) -> list[MarkedSteps]:
        """The marks by this unit, of each glyph."""
        if unit == STEPS:
            return list(marks)
        return [marked._replace(steps=self._places(marked, clock, unit)) for marked in marks]

    def _places(self, marked: MarkedSteps, clock: Clock, unit: XUnit) -> Sequence[int]:
        steps = marked.steps
        moved = self._marks.get(marked.glyph)
        if moved is None or moved.clock != (clock, clock.generation) or not moved.goes_on_in(steps):
            moved = self._marks[marked.glyph] = _MovedMarks((clock, clock.generation))
        for at in range(len(moved.places), len(steps)):
            moved.places.append(place(clock, unit, steps[at]))
            moved.last_step = steps[at]
        return moved.places

    def _series(self, source: Series, clock: Clock) -> Series:
        stamp = source.generation, clock.generation
        moved = self._moved.get(id(source))
        if moved is None or moved.source is not source or moved.stamp != stamp:
            moved = self._moved[id(source)] = _Moved(source, stamp)
        last = source.last_step
        if last is not None and last > moved.last_step:
            begin = moved.last_step + 1
            bad = ((step, None) for step in source.not_finite_in(begin, last))
            for step, value in merge(source.points(begin, last), bad, key=lambda point: point[0]):
                # Two steps may fall on one place where a clock is coarse: then the later one stands beside it.
                at = max(place(clock, self._unit, step), (moved.series.last_step or 0) + 1)
                moved.series.append(at, value)
            moved.last_step = last
        return moved.series


def place(clock: Clock, unit: XUnit, step: float) -> int:
    """Where a step lies on the axis."""
    return round(step if unit == STEPS else clock.at(unit.name, step) * unit.parts)

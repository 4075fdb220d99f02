"""Curves and marks laid out by tokens, time or epochs instead of steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from heapq import merge

from msopt_tui.state.clock import Clock
from msopt_tui.state.series import Series
from msopt_tui.ui.widgets.chart_model import Curve, Mark
from msopt_tui.ui.widgets.chart_units import STEPS, XUnit


class _Moved:
    """A series at other places, and how much of its source it holds."""

    def __init__(self, source: Series, stamp: tuple[int, int]) -> None:
        self.source = source
        self.stamp = stamp
        self.series = Series()
        self.last_step = -1


class Places:
    """Keeps the series that were laid out, so that a frame costs only what is new."""

    def __init__(self) -> None:
        self._unit = STEPS
        self._moved: dict[int, _Moved] = {}

    def curves(self, curves: Iterable[Curve], clock: Clock, unit: XUnit) -> list[Curve]:
        """The curves by this unit."""
        if unit != self._unit:
            self._unit = unit
            self._moved.clear()
        if unit == STEPS:
            return list(curves)
        return [replace(curve, series=self._series(curve.series, clock), max_gap=0) for curve in curves]

    def marks(self, marks: Iterable[Mark], clock: Clock, unit: XUnit) -> list[Mark]:
        """The marks by this unit."""
        if unit == STEPS:
            return list(marks)
        return [mark._replace(step=place(clock, unit, mark.step)) for mark in marks]

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

"""One curve over one window: its columns, and the vertical span of dots in each of them.

Both are kept from frame to frame. While window and scale stand still, new points cost the columns
they fall into and nothing else.
"""

from collections.abc import Callable
from math import log10
from typing import NamedTuple

from msopt_tui.state.series import Column, Series
from msopt_tui.ui.widgets.axis import YScale
from msopt_tui.ui.widgets.braille import line_spans, meet
from msopt_tui.ui.widgets.chart_model import Curve
from msopt_tui.ui.widgets.chart_window import Range

ToDot = Callable[[float], int]


class _ColumnsKey(NamedTuple):
    series: Series
    generation: int
    window: Range
    width: int
    log: bool


class Trace:
    """The drawn form of a curve, `width` dot columns wide."""

    def __init__(self) -> None:
        self.columns: list[Column | None] = []
        self.tops: list[int | None] = []
        self.bottoms: list[int] = []
        self._dropped: dict[int, int] = {}
        self._columns_key: _ColumnsKey | None = None
        self._spans_key: tuple[YScale, int] | None = None
        self._count = 0
        self._last_step: int | None = None
        self._changed_from = 0
        self._stale = True
        self._window = Range(0.0, 1.0)

    @property
    def not_positive(self) -> int:
        """Points in view that a logarithmic axis can't show (≤ 0)."""
        return sum(self._dropped.values())

    def reduce(self, curve: Curve, window: Range, width: int, log: bool) -> bool:
        """Bring `columns` up to date; tells whether any may have changed."""
        series = curve.series
        key = _ColumnsKey(series, series.generation, window, width, log)
        start = 0
        if key == self._columns_key:
            if series.finite_count == self._count:
                return False
            if self._last_step is not None:
                share = (self._last_step - window.x0) / window.length
                start = min(max(int(share * width) - 1, 0), width)
        else:
            self._dropped.clear()
            self._spans_key = None
        fresh = series.columns(window.x0, window.x1, width, start)
        self.columns[start:] = self._positive(series, window, fresh, start, width) if log else fresh
        self._changed_from = min(start, self._changed_from)
        self._stale = True
        self._columns_key, self._window = key, window
        self._count, self._last_step = series.finite_count, series.last_step
        return True

    def place(self, curve: Curve, scale: YScale, dots: int) -> None:
        """Bring `tops` and `bottoms` up to date: dot rows, 0 at the top, `dots` of them."""
        key = (scale, dots)
        if key != self._spans_key:
            self._changed_from = 0
        elif not self._stale:
            return
        # The last column that stays is placed again too: the line that leaves it has changed.
        staying = range(self._changed_from - 1, -1, -1)
        begin = next((x for x in staying if self.columns[x] is not None), 0)
        count = len(self.columns) - begin
        self.tops[begin:] = [None] * count
        self.bottoms[begin:] = [0] * count
        self._fill(curve, begin, dot_mapping(scale, dots))
        self._spans_key, self._changed_from, self._stale = key, len(self.columns), False

    def _fill(self, curve: Curve, begin: int, to_dot: ToDot) -> None:
        before = self._previous(curve, begin, to_dot)
        for x in range(begin, len(self.columns)):
            column = self.columns[x]
            if column is None:
                continue
            self._cover(x, to_dot(column.high), to_dot(column.low))
            if before is not None and not self._is_open(curve, before[0], x):
                self._join(*before, x, to_dot(column.first))
            before = x, to_dot(column.last)
        after = curve.series.point_after(self._window.x1)
        if before is not None and after is not None:
            reach, rise = self._to_column(after[0]) - before[0], to_dot(after[1]) - before[1]
            edge = before[1] + rise * min((len(self.columns) - before[0]) / reach, 1.0)
            if not self._is_open(curve, before[0], before[0] + round(reach)):
                self._join(*before, len(self.columns), round(edge))

    def _previous(self, curve: Curve, begin: int, to_dot: ToDot) -> tuple[int, int] | None:
        """The column before `begin` and the dot its line leaves from; maybe left of the window."""
        for x in range(begin - 1, -1, -1):
            if (column := self.columns[x]) is not None:
                return x, to_dot(column.last)
        outside = curve.series.point_before(self._window.x0)
        inside = next(((x, column) for x, column in enumerate(self.columns) if column is not None), None)
        if outside is None or inside is None:
            return None
        first_x, first_y = inside[0], to_dot(inside[1].first)
        reach, rise = first_x - self._to_column(outside[0]), to_dot(outside[1]) - first_y
        if self._is_open(curve, first_x - round(reach), first_x):
            return None
        return -1, round(first_y + rise * min((first_x + 1) / reach, 1.0))

    def _to_column(self, step: float) -> float:
        return (step - self._window.x0) / self._window.length * len(self.columns)

    def _is_open(self, curve: Curve, left: int, right: int) -> bool:
        """Whether the line is to be broken between two columns that hold points."""
        if right - left < 2:
            return False
        length = self._window.length / len(self.columns)
        if curve.max_gap and (right - left - 1) * length >= curve.max_gap:
            return True
        begin = self._window.x0 + (left + 1) * length
        return bool(curve.series.not_finite_in(begin, self._window.x0 + right * length))

    def _join(self, left: int, left_y: int, right: int, right_y: int) -> None:
        if right - left == 1:
            end, start = meet(left_y, right_y)
            self._cover(left, left_y, end)
            self._cover(right, start, right_y)
            return
        for x, top, bottom in line_spans(left, left_y, right, right_y):
            self._cover(x, top, bottom)

    def _cover(self, x: int, one: int, other: int) -> None:
        if not 0 <= x < len(self.tops):
            return
        low, high = (one, other) if one < other else (other, one)
        top = self.tops[x]
        if top is None:
            self.tops[x], self.bottoms[x] = low, high
            return
        if low < top:
            self.tops[x] = low
        if high > self.bottoms[x]:
            self.bottoms[x] = high

    def _positive(
        self, series: Series, window: Range, columns: list[Column | None], start: int, width: int
    ) -> list[Column | None]:
        """The columns without the values ≤ 0, which are counted; exact, so it reads the points."""
        length = window.length / width
        kept: list[Column | None] = []
        for x, column in enumerate(columns, start):
            if column is None or column.low > 0.0:
                kept.append(column)
                continue
            begin, end = window.x0 + x * length, window.x0 + (x + 1) * length
            last = x == width - 1
            values = [v for step, v in series.points(begin, window.x1 if last else end) if last or step < end]
            good = [value for value in values if value > 0.0]
            self._dropped[x] = len(values) - len(good)
            kept.append(Column(min(good), max(good), good[0], good[-1]) if good else None)
        return kept


def dot_mapping(scale: YScale, dots: int) -> ToDot:
    """The function from a value to its dot row; values outside the scale come to the edges."""
    low, high = scale.low, scale.high
    top = scale.transform(high)
    factor = (dots - 1) / (top - scale.transform(low))

    def linear(value: float) -> int:
        # Held first: the difference to a value far outside may overflow.
        return round((top - (low if value < low else min(value, high))) * factor)

    def logarithmic(value: float) -> int:
        return round((top - log10(low if value < low else min(value, high))) * factor)

    return logarithmic if scale.log else linear

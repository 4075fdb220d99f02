"""Lays a chart out and draws it into rows of styled cells. Pure: no Textual, no colour.

loss   ━ smoothed 3.2145   ◆ validation 3.3012                          step 12,340     legend
    6 ┤⠒⠢⣀                                                                              plot
    4 ┤   ⠉⠒⠤⣀⣀⣀⣀
      └───────◆──┬──────▲───────┬────────────                                           axis
   step         4k             8k                                                       labels
"""

from collections.abc import Collection, Mapping
from math import ceil, floor
from typing import NamedTuple

from msopt_tui.ui.widgets.axis import LABEL_WIDTH, Tick, YScale, snapped_scale
from msopt_tui.ui.widgets.braille import DOTS_ACROSS, DOTS_DOWN, BrailleCanvas
from msopt_tui.ui.widgets.chart_legend import legend
from msopt_tui.ui.widgets.chart_model import (
    CURSOR,
    GUIDED_KINDS,
    MARK_GLYPHS,
    Mark,
    Picture,
    Row,
    RowBuilder,
    style_index,
)
from msopt_tui.ui.widgets.chart_trace import Trace, dot_mapping
from msopt_tui.ui.widgets.chart_units import XUnit
from msopt_tui.ui.widgets.chart_window import Range

_PLAIN, _AXIS, _GRID, _EMPTY = (style_index(key) for key in ("plain", "axis", "grid", "empty"))
_NOT_FINITE, _CLIPPED = style_index("not-finite"), style_index("clipped")
_MARK_RANKS = {kind: rank for rank, kind in enumerate(MARK_GLYPHS)}

Shape = tuple[list[int | None], list[int]]
"""Top and bottom dots of one curve in each dot column."""

_LETTER_EVERY = 24 * DOTS_ACROSS
"""Dot columns from one letter on a curve to the next, from its end on."""
_ROBUST_SHARE = 0.01
"""Of the columns' lows and of their highs, this share may fall off either end of a robust axis."""


class Layout(NamedTuple):
    """Where things go, in cells. What does not fit is left out, the plot last."""

    width: int
    height: int
    gutter: int
    """Cells left of the plot: labels and the axis line."""
    top: int
    """First row of the plot."""
    plot_height: int
    has_axis: bool
    has_labels: bool

    @classmethod
    def fit(cls, width: int, height: int) -> "Layout":
        """The layout for a widget of this size."""
        gutter = LABEL_WIDTH + 2 if width >= 36 else 6 if width >= 16 else 0
        has_legend, has_axis, has_labels = height >= 4, height >= 3, height >= 7
        rest = height - has_legend - has_axis - has_labels
        return cls(width, height, gutter, int(has_legend), rest, has_axis, has_labels)

    @property
    def plot_width(self) -> int:
        """Cells."""
        return self.width - self.gutter

    def cell(self, step: float, window: Range) -> int | None:
        """The cell of the plot, from its left edge, that holds a step; None outside."""
        if not window.x0 <= step <= window.x1:
            return None
        return min(int((step - window.x0) / window.length * self.plot_width), self.plot_width - 1)


class ChartPainter:
    """Draws pictures; keeps what the next frame of the same series can use again."""

    def __init__(self) -> None:
        self._traces: list[Trace] = []
        self._canvas = BrailleCanvas(0, 0)
        self._canvas_key: tuple[int, int, bytes] | None = None
        self._canvas_rows: list[tuple[str, bytes]] = []
        self._shapes: list[Shape] = []
        self._axis_key: tuple[Layout, Range, tuple[Mark, ...], XUnit, bool] | None = None
        self._axis_rows: list[Row] = []

    def paint(self, picture: Picture, width: int, height: int) -> list[Row]:
        """The chart as `height` rows of `width` cells; nothing where either is 0."""
        if width < 1 or height < 1:
            return []
        layout = Layout.fit(width, height)
        scale = self._reduce(picture, layout)
        x_ticks = _x_ticks(picture, layout) if scale is not None else {}
        rows: list[Row] = []
        if layout.top:
            rows.append(legend(picture, width, [trace.not_positive for trace in self._traces]))
        if scale is None:
            rows.extend(_empty_plot(picture, layout))
        else:
            rows.extend(self._plot(picture, layout, scale, x_ticks))
        return rows + self._axis(picture, layout, x_ticks)

    def _reduce(self, picture: Picture, layout: Layout) -> YScale | None:
        """Bring the columns of all curves up to date; None where there is nothing to see."""
        while len(self._traces) < len(picture.curves):
            self._traces.append(Trace())
        del self._traces[len(picture.curves) :]
        dots = DOTS_ACROSS * layout.plot_width
        for trace, curve in zip(self._traces, picture.curves, strict=True):
            trace.reduce(curve, picture.window, dots, picture.log_y)
        columns = [column for trace in self._traces for column in trace.columns if column is not None]
        if not columns:
            return None
        low, high = min(c.low for c in columns), max(c.high for c in columns)
        if picture.robust_y:
            lows, highs = sorted(c.low for c in columns), sorted(c.high for c in columns)
            low = lows[floor(_ROBUST_SHARE * len(lows))]
            high = max(highs[ceil((1.0 - _ROBUST_SHARE) * len(highs)) - 1], low)
        return snapped_scale(low, high, picture.log_y)

    def _axis(self, picture: Picture, layout: Layout, ticks: Mapping[int, str]) -> list[Row]:
        key = (layout, picture.window, picture.marks, picture.unit, bool(ticks))
        if key != self._axis_key:
            rows = [_axis_row(picture, layout, ticks)] if layout.has_axis else []
            self._axis_rows = [*rows, _label_row(picture.unit, layout, ticks)] if layout.has_labels else rows
            self._axis_key = key
        return self._axis_rows

    def _plot(self, picture: Picture, layout: Layout, scale: YScale, x_ticks: Collection[int]) -> list[Row]:
        ticks = scale.ticks(_y_target(layout))
        dots = DOTS_DOWN * layout.plot_height
        to_dot = dot_mapping(scale, dots)
        room = layout.gutter - 2
        labels = {to_dot(tick.value) // DOTS_DOWN: _in_room(tick, room) for tick in reversed(ticks)}
        for trace, curve in zip(self._traces, picture.curves, strict=True):
            trace.place(curve, scale, dots)
        plot = [RowBuilder(*row) for row in self._draw(picture, layout)]
        self._put_points(plot, picture, layout, scale)
        self._put_edges(plot, picture, layout, scale)
        _put_grid(plot, picture, layout, labels, x_ticks)
        _put_cursor(plot, picture, layout)
        return [_with_gutter(row, layout, labels.get(y)) for y, row in enumerate(plot)]

    def _draw(self, picture: Picture, layout: Layout) -> list[tuple[str, bytes]]:
        """The curves as text and styles; only dot columns that changed are drawn anew."""
        order = sorted(range(len(picture.curves)), key=lambda index: picture.curves[index].priority)
        styles = bytes([_PLAIN, *(picture.curves[index].style_index for index in order)])
        shapes = [(self._traces[index].tops[:], self._traces[index].bottoms[:]) for index in order]
        key = (layout.plot_width, layout.plot_height, styles)
        begin = _first_difference(self._shapes, shapes) if key == self._canvas_key else 0
        if key != self._canvas_key:
            self._canvas = BrailleCanvas(layout.plot_width, layout.plot_height)
        if begin is not None:
            cell = begin // DOTS_ACROSS
            self._canvas.clear(cell)
            for layer, (tops, bottoms) in enumerate(shapes, start=1):
                self._canvas.spans(tops, bottoms, layer, cell * DOTS_ACROSS)
            table = styles.ljust(256, b"\0")
            self._canvas_rows = [(text, layers.translate(table)) for text, layers in self._canvas.rows()]
        self._shapes, self._canvas_key = shapes, key
        return self._canvas_rows

    def _put_points(self, plot: list[RowBuilder], picture: Picture, layout: Layout, scale: YScale) -> None:
        """Glyphs at the points of curves that want them, where the points stand apart; the letters of other runs."""
        to_dot = dot_mapping(scale, DOTS_DOWN * layout.plot_height)
        for trace, curve in zip(self._traces, picture.curves, strict=True):
            if not (curve.points or curve.run):
                continue
            filled = [x for x, column in enumerate(trace.columns) if column is not None]
            if not curve.points:
                filled = _spaced(filled)
            elif len(filled) * 2 * DOTS_ACROSS > len(trace.columns):
                continue
            for x in filled:
                column = trace.columns[x]
                if column is not None:
                    plot[to_dot(column.last) // DOTS_DOWN].put(x // DOTS_ACROSS, curve.glyph, curve.style_index)

    def _put_edges(self, plot: list[RowBuilder], picture: Picture, layout: Layout, scale: YScale) -> None:
        """What the plot cannot show in place: values beyond the axis, and values that are none."""
        for trace, curve in zip(self._traces, picture.curves, strict=True):
            if picture.robust_y:
                for x, column in enumerate(trace.columns):
                    if column is not None and column.high > scale.high:
                        plot[0].put(x // DOTS_ACROSS, "↑", _CLIPPED)
                    if column is not None and column.low < scale.low:
                        plot[-1].put(x // DOTS_ACROSS, "↓", _CLIPPED)
            for step in curve.series.not_finite_in(*picture.window):
                cell = layout.cell(step, picture.window)
                if cell is not None:
                    plot[0].put(cell, "✗", _NOT_FINITE)


def _spaced(filled: list[int]) -> list[int]:
    """The last of these dot columns, and those before it that are far enough from the next."""
    places: list[int] = []
    for x in reversed(filled):
        if not places or x <= places[-1] - _LETTER_EVERY:
            places.append(x)
    return places


def _first_difference(before: list[Shape], after: list[Shape]) -> int | None:
    """The first dot column in which two drawings of the same curves differ; None if they are equal."""
    firsts = []
    for (tops, bottoms), (new_tops, new_bottoms) in zip(before, after, strict=True):
        if len(tops) != len(new_tops):
            return 0
        if tops != new_tops or bottoms != new_bottoms:
            pairs = enumerate(zip(tops, bottoms, new_tops, new_bottoms, strict=True))
            firsts.append(next(x for x, (a, b, c, d) in pairs if a != c or b != d))
    return min(firsts, default=None)


def _y_target(layout: Layout) -> int:
    return max(2, min(8, layout.plot_height // 3))


def _x_ticks(picture: Picture, layout: Layout) -> dict[int, str]:
    """The cells of the plot that have a tick, and their labels."""
    ticks = picture.unit.ticks(*picture.window, max(2, layout.plot_width // 10))
    cells = [(layout.cell(place, picture.window), label) for place, label in ticks]
    return {cell: label for cell, label in cells if cell is not None}


def _empty_plot(picture: Picture, layout: Layout) -> list[Row]:
    rows = [RowBuilder.blank(layout.plot_width) for _ in range(layout.plot_height)]
    text = picture.empty_text[: layout.plot_width]
    rows[(layout.plot_height - 1) // 2].put((layout.plot_width - len(text)) // 2, text, _EMPTY)
    return [_with_gutter(row, layout, None) for row in rows]


def _in_room(tick: Tick, room: int) -> str:
    """A label that is not cut, which would make another number of it."""
    return tick.label if len(tick.label) <= room else f"{tick.value:.0e}".replace("e-0", "e-").replace("e+0", "e")


def _with_gutter(row: RowBuilder, layout: Layout, label: str | None) -> Row:
    """The row of the plot with its part of the y axis before it."""
    if not layout.gutter:
        return row.row()
    room = layout.gutter - 2
    left = "│".rjust(layout.gutter) if label is None else f"{label[:room]:>{room}} ┤"
    return Row(left + "".join(row.chars), bytes([_AXIS]) * layout.gutter + bytes(row.styles))


def _put_grid(
    plot: list[RowBuilder], picture: Picture, layout: Layout, rows: Collection[int], cells: Collection[int]
) -> None:
    """Faint lines where the run became another one, faint dots where ticks cross."""
    for mark in picture.marks:
        guided = layout.cell(mark.step, picture.window) if mark.kind in GUIDED_KINDS else None
        if guided is not None:
            for row in plot:
                row.put(guided, "┊", _GRID, only_blank=True)
    for y in rows:
        for cell in cells:
            plot[y].put(cell, "·", _GRID, only_blank=True)


def _put_cursor(plot: list[RowBuilder], picture: Picture, layout: Layout) -> None:
    cell = None if picture.cursor is None else layout.cell(picture.cursor, picture.window)
    if cell is not None:
        for row in plot:
            row.put(cell, "│", _AXIS, only_blank=True)
            row.styles[cell] |= CURSOR


def _axis_row(picture: Picture, layout: Layout, cells: Collection[int]) -> Row:
    """The x axis with its ticks, and on it the marks."""
    row = RowBuilder.blank(layout.plot_width)
    row.put(0, "─" * layout.plot_width, _AXIS)
    for tick in cells:
        row.put(tick, "┬", _AXIS)
    for mark in sorted(picture.marks, key=lambda mark: _MARK_RANKS[mark.kind]):
        cell = layout.cell(mark.step, picture.window)
        if cell is not None:
            row.put(cell, mark.glyph, style_index(f"mark-{mark.kind}"))
    left = "└".rjust(layout.gutter) if layout.gutter else ""
    return Row(left + "".join(row.chars), bytes([_AXIS]) * layout.gutter + bytes(row.styles))


def _label_row(unit: XUnit, layout: Layout, ticks: Mapping[int, str]) -> Row:
    """The labels of the x axis, each centred under its tick as far as the edges allow."""
    row = RowBuilder.blank(layout.width, "axis")
    row.put(0, unit.name.rjust(max(layout.gutter - 2, 0))[: layout.gutter], _AXIS)
    free = layout.gutter
    for cell, label in ticks.items():
        begin = min(max(layout.gutter + cell - len(label) // 2, layout.gutter), layout.width - len(label))
        if begin >= free:
            row.put(begin, label, _AXIS)
            free = begin + len(label) + 1
    return row.row()

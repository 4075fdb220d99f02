"""The line above a chart: its title, every curve with its value, and the step they belong to."""

from collections.abc import Iterator, Sequence

from msopt_tui.ui.widgets.axis import VALUE_WIDTH, format_value
from msopt_tui.ui.widgets.chart_model import Curve, Picture, Row, RowBuilder, plain, style_index

_PLAIN, _TITLE, _NOTE = style_index("plain"), style_index("title"), style_index("note")

Piece = tuple[str, int]
"""Text and its style index."""


def legend(picture: Picture, width: int, dropped: Sequence[int]) -> Row:
    """The legend in `width` cells; `dropped` counts the points a log axis can't show, all curves.

    What does not fit goes in this order: the notes at the right, the title, the labels, then all
    curves but the most important one.
    """
    notes = _notes(picture, sum(dropped))
    right: list[Piece] = [*notes, _step(picture)]
    for left, end in _versions(picture, right):
        if _length(left) + _length(end) <= width:
            break
    else:
        left, end = _best(picture), []
    row = RowBuilder.blank(width)
    _write(row, 0, left)
    _write(row, width - _length(end), end)
    return row.row()


def _versions(picture: Picture, right: list[Piece]) -> Iterator[tuple[list[Piece], list[Piece]]]:
    title: list[Piece] = [(plain(picture.title), _TITLE)]
    full = [piece for curve in picture.curves for piece in _entry(curve, picture.cursor, True)]
    short = [piece for curve in picture.curves for piece in _entry(curve, picture.cursor, False)]
    yield title + full, [("  ", _PLAIN), *right]
    yield title + full, [("  ", _PLAIN), *right[-1:]]
    yield title + full, []
    yield full, []
    yield title + short, [("  ", _PLAIN), *right[-1:]]
    yield short, []


def _best(picture: Picture) -> list[Piece]:
    if not picture.curves:
        return [(plain(picture.title), _TITLE)]
    curve = max(picture.curves, key=lambda curve: curve.priority)
    return _entry(curve, picture.cursor, False)[1:]


def _entry(curve: Curve, cursor: int | None, with_label: bool) -> list[Piece]:
    label = f" {plain(curve.label)}" if with_label else ""
    return [
        ("   " if with_label else " ", _PLAIN),
        (curve.glyph, curve.style_index),
        (label + " ", _NOTE),
        (_value(curve, cursor).ljust(VALUE_WIDTH), _PLAIN),
    ]


def _value(curve: Curve, cursor: int | None) -> str:
    series = curve.series
    first, step = series.first_step, series.last_step if cursor is None else cursor
    if first is None or step is None or step < first:
        return format_value(None)
    value = series.value_at(step)
    return "✗" if value is None else format_value(value)


def _notes(picture: Picture, dropped: int) -> list[Piece]:
    notes = []
    if dropped:
        notes.append(f"{dropped:,} ≤ 0")
    if picture.log_y:
        notes.append("log")
    if picture.robust_y:
        notes.append("clipped")
    return [(" · ".join(notes) + "   ", _NOTE)] if notes else []


def _step(picture: Picture) -> Piece:
    if picture.cursor is not None:
        return f"│ {picture.unit.text(picture.cursor)}", _TITLE
    steps = [step for curve in picture.curves if (step := curve.series.last_step) is not None]
    return (picture.unit.text(max(steps)), _NOTE) if steps else ("", _NOTE)


def _length(pieces: Sequence[Piece]) -> int:
    return sum(len(text) for text, _ in pieces)


def _write(row: RowBuilder, column: int, pieces: Sequence[Piece]) -> None:
    for text, style in pieces:
        row.put(column, text, style)
        column += len(text)

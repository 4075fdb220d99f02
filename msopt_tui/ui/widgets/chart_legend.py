"""The line above a chart: its title, every curve with its value, and the step they belong to."""

from collections.abc import Iterator, Sequence

from msopt_tui.ui.widgets.axis import VALUE_WIDTH, format_value
from msopt_tui.ui.widgets.chart_model import Curve, Picture, Row, RowBuilder, own, plain, style_index

_PLAIN, _TITLE, _NOTE = style_index("plain"), style_index("title"), style_index("note")

Piece = tuple[str, int]
"""Text and its style index."""


def legend(picture: Picture, width: int, dropped: Sequence[int]) -> Row:
    """The legend in `width` cells; `dropped` counts the points a log axis can't show, all curves.

    What does not fit goes in this order: the notes at the right, the title, the labels, then the
    curves, the least important first. Curves of other runs read out at the last step of this one.
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
    at = _read_at(picture)
    full = [piece for curve in picture.curves for piece in _entry(curve, at, True)]
    short = [piece for curve in picture.curves for piece in _entry(curve, at, False)]
    yield title + full, [("  ", _PLAIN), *right]
    yield title + full, [("  ", _PLAIN), *right[-1:]]
    yield title + full, []
    yield full, []
    yield title + short, [("  ", _PLAIN), *right[-1:]]
    yield short, []
    ranked = sorted(picture.curves, key=lambda curve: curve.priority, reverse=True)
    for count in range(len(ranked) - 1, 1, -1):
        yield [piece for curve in picture.curves if curve in ranked[:count] for piece in _entry(curve, at, False)], []


def _best(picture: Picture) -> list[Piece]:
    if not picture.curves:
        return [(plain(picture.title), _TITLE)]
    curve = max(picture.curves, key=lambda curve: curve.priority)
    return _entry(curve, _read_at(picture), False)[1:]


def _read_at(picture: Picture) -> int | None:
    """The step whose values are read out: the cursor's, else the last one of this run."""
    mine = own(picture.curves)
    if picture.cursor is not None or len(mine) == len(picture.curves):
        return picture.cursor
    return max((step for curve in mine if (step := curve.series.last_step) is not None), default=None)


def _entry(curve: Curve, at: int | None, with_label: bool) -> list[Piece]:
    label = f" {plain(curve.label)}" if with_label and curve.label else ""
    return [
        ("   " if with_label else " ", _PLAIN),
        (curve.glyph, curve.style_index),
        (label + " ", _NOTE),
        (_value(curve, at).ljust(VALUE_WIDTH), _PLAIN),
    ]


def _value(curve: Curve, at: int | None) -> str:
    series = curve.series
    first, step = series.first_step, series.last_step if at is None else at
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
    steps = [step for curve in own(picture.curves) if (step := curve.series.last_step) is not None]
    return (picture.unit.text(max(steps)), _NOTE) if steps else ("", _NOTE)


def _length(pieces: Sequence[Piece]) -> int:
    return sum(len(text) for text, _ in pieces)


def _write(row: RowBuilder, column: int, pieces: Sequence[Piece]) -> None:
    for text, style in pieces:
        row.put(column, text, style)
        column += len(text)

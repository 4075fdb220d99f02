"""What `check` prints of the data: the same as the data screen, one section below the other."""

from __future__ import annotations

from collections.abc import Mapping

from msopt_tui.checkup.lengths import length_lines
from msopt_tui.checkup.paint import Painter, Tone
from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.data_events import DataInspected, DataPrepared
from msopt_tui.protocol.values import PreviewRow
from msopt_tui.state import inspection as say


def data_lines(data: DataPrepared, seen: DataInspected, settings: Mapping[str, Scalar], painter: Painter) -> list[str]:
    """Sources, splits, rows with their loss mask, lengths, cleaning, and last what to think about."""
    learns = any(piece.supervised for row in seen.rows for piece in row.pieces)
    note = "what is learned stands in ⟦ ⟧" if learns else "which tokens are learned is drawn anew for every batch"
    sections = [
        [painter.title("sources", "how each one's rows were understood"), *_sources(seen, painter)],
        [painter.title("splits"), *_splits(data, seen, painter)],
        [painter.title("rows", f"as the network sees them; {note}"), *_rows(seen, painter)],
        [painter.title("lengths", "training examples by their number of tokens"), *length_lines(seen.lengths, painter)],
        [
            painter.title("cleaning", "what was dropped, and what was changed"),
            *_cleaning(data, seen, settings, painter),
        ],
    ]
    advice = [painter.paragraph([(text, "warn")], "  ", "! ") for text in say.advice(seen, settings)]
    if advice:
        sections.append([painter.title("before you train"), *(line for lines in advice for line in lines)])
    return [line for section in sections for line in ("", *section)]


def _sources(seen: DataInspected, painter: Painter) -> list[str]:
    if not seen.shapes:
        return ["  running text: rows are cut from all of it, one after the other"]
    lines = []
    for source, shape in seen.shapes.items():
        lines.append("  " + painter.paint(source, "strong"))
        lines += painter.paragraph([(shape, "")], "    ")
    return lines


def _splits(data: DataPrepared, seen: DataInspected, painter: Painter) -> list[str]:
    head, *body = say.aligned(say.split_rows(data, seen))
    facts = [f"  {painter.paint(f'{name:<15}', 'muted')} {text}" for name, text in say.facts(seen)]
    return ["  " + painter.paint(head, "muted"), *(f"  {painter.paint(line, '')}" for line in body), "", *facts]


def _rows(seen: DataInspected, painter: Painter) -> list[str]:
    lines: list[str] = []
    for row in seen.rows:
        lines += [*([""] if lines else []), *_row(row, painter)]
    return lines or ["  none"]


def _row(row: PreviewRow, painter: Painter) -> list[str]:
    origin, figures = say.row_title(row)
    opening, closing = say.LEARNED
    spans: list[tuple[str, Tone]] = [
        (f"{opening}{piece.text}{closing}", "learned") if piece.supervised else (piece.text, "") for piece in row.pieces
    ]
    title = f"  {painter.paint(origin, 'strong')}  {painter.paint(figures, 'muted')}"
    return [title, *painter.paragraph(spans, "    ")]


def _cleaning(data: DataPrepared, seen: DataInspected, settings: Mapping[str, Scalar], painter: Painter) -> list[str]:
    found = say.removals(data, seen)
    lines: list[str] = []
    for kind in ("duplicates", "leakage", "dropped"):
        label = painter.paint(f"{kind:<11}", "muted")
        of_kind = [one for one in found if one.kind == kind]
        if not of_kind:
            lines.append(f"  {label} {say.nothing_found(kind, settings)}")
        for one in of_kind:
            lines.append(f"  {label} {painter.paint(f'{one.count:,} {one.what}', '')}")
            for example in one.examples:
                lines += painter.paragraph([(example, "muted")], " " * 16, " " * 14 + "· ")
    label = painter.paint(f"{'changed':<11}", "muted")
    return lines + [f"  {label} {painter.paint(f'{count:,} {what}', '')}" for what, count in seen.changed.items()]

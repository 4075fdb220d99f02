"""A confusion matrix as lines: shaded cells with their numbers, or what is confused most where it does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from msopt_tui.protocol.values import Confusion
from msopt_tui.state.confusion import mistakes, percent, precision, recall
from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.theme import HITS, MISSES, Role
from msopt_tui.ui.widgets.lines import Words

LABEL_CELLS = 14
CELL = 6
"""Cells of a column at least: a short label, or a number of up to five digits."""
EDGE = 8
"""Cells of the column of recalls."""
WORST = 8
"""Confusions that are listed where the matrix does not fit."""


def matrix_lines(matrix: Confusion, width: int) -> list[Words]:
    """Rows are true classes, columns what they were taken for; recall at the right, precision below."""
    labels = [sanitise(label, multiline=False) for label in matrix.labels]
    if not labels:
        return []
    name = min(max(map(cell_len, labels)), LABEL_CELLS)
    digits = max(len(f"{count:,}") for row in matrix.counts for count in row) + 1
    room = width - name - 1
    beside_edge = (room - EDGE) // len(labels)
    most = beside_edge if beside_edge >= max(digits, CELL) else room // len(labels)
    cell = min(max(digits, CELL, *(cell_len(label) + 1 for label in labels)), most)
    if cell < max(digits, 4):
        return [[(f"{len(labels)} classes: more columns than fit", "muted")], *_worst(matrix, labels, width)]
    has_edge = room - cell * len(labels) >= EDGE
    head: Words = [(" " * name + " ", ""), *((_right(label, cell), "muted") for label in labels)]
    lines = [[*head, ("  recall", "muted")] if has_edge else head]
    for at, (row, share) in enumerate(zip(matrix.counts, recall(matrix), strict=True)):
        words: Words = [(_left(labels[at], name) + " ", "muted")]
        words += [(f"{count:>{cell},}", _shade(count, sum(row), at == column)) for column, count in enumerate(row)]
        lines.append([*words, (f"{percent(share):>{EDGE}}", "")] if has_edge else words)
    foot: Words = [(_left("precision", name) + " ", "muted")]
    return [*lines, [*foot, *((f"{percent(share):>{cell}}", "") for share in precision(matrix))]]


def _worst(matrix: Confusion, labels: Sequence[str], width: int) -> list[Words]:
    """What is taken for what most often, then every class, the least recognised first."""
    lines: list[Words] = [[("most confused", "title"), ("  true → taken for", "muted")]]
    lines += [
        [(f"{one.rows:>7,} {one.share:>6.1%}  ", "bad"), (f"{one.true} → {one.predicted}", "")]
        for one in mistakes(matrix)[:WORST]
    ]
    name = min(max(map(cell_len, labels)), max(width - 26, 8))
    lines += [[], [(f"{_left('class', name)}    rows  recall  precision", "muted")]]
    found = zip(labels, matrix.counts, recall(matrix), precision(matrix), strict=True)
    for label, row, seen, right in sorted(found, key=lambda one: 2.0 if one[2] is None else one[2]):
        figures = f" {sum(row):>7,} {percent(seen):>7}  {percent(right):>9}"
        lines.append([(_left(label, name), ""), (figures, "")])
    return lines


def _shade(count: int, whole: int, is_right: bool) -> Role:
    """By the share of the row's true class, in quarters."""
    if not count:
        return ""
    shades = HITS if is_right else MISSES
    return shades[min(4 * count // whole, 3)]


def _left(text: str, cells: int) -> str:
    return set_cell_size(text, cells) if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"


def _right(text: str, cells: int) -> str:
    """At the right end of its cells, one of them always left free."""
    text = _left(text, min(cell_len(text), cells - 1))
    return " " * (cells - cell_len(text)) + text

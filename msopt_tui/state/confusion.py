"""What a confusion matrix says: recall, precision, and which classes are taken for which. Pure."""

from __future__ import annotations

from typing import NamedTuple

from msopt_tui.protocol.values import Confusion

LABEL_CHARS = 14
"""A longer name of a class is cut in a column."""


class Mistake(NamedTuple):
    """Rows of one class that were taken for another."""

    true: str
    predicted: str
    rows: int
    share: float
    """Of the rows of the true class."""


def recall(matrix: Confusion) -> list[float | None]:
    """Of every class, the share of its rows that were recognised; `None` for a class without rows."""
    return [_share(row[at], sum(row)) for at, row in enumerate(matrix.counts)]


def precision(matrix: Confusion) -> list[float | None]:
    """Of every class, the share of the rows taken for it that are of it; `None` where none was."""
    return [_share(matrix.counts[at][at], sum(row[at] for row in matrix.counts)) for at in range(len(matrix.labels))]


def mistakes(matrix: Confusion) -> list[Mistake]:
    """What was taken for what, the most frequent first."""
    found = [
        Mistake(matrix.labels[true], matrix.labels[predicted], rows, rows / sum(row))
        for true, row in enumerate(matrix.counts)
        for predicted, rows in enumerate(row)
        if rows and true != predicted
    ]
    return sorted(found, key=lambda mistake: mistake.rows, reverse=True)


def table_rows(matrix: Confusion) -> list[list[str]]:
    """The matrix as a table of texts: a header, a row for each true class with its recall, precision last."""
    names = [shortened(label) for label in matrix.labels]
    rows = [["", *names, "recall"]]
    for name, counts, share in zip(names, matrix.counts, recall(matrix), strict=True):
        rows.append([name, *(f"{count:,}" for count in counts), percent(share)])
    return [*rows, ["precision", *map(percent, precision(matrix)), ""]]


def shortened(label: str) -> str:
    """A class's name, for a column."""
    return label if len(label) <= LABEL_CHARS else label[: LABEL_CHARS - 1] + "…"


def percent(share: float | None) -> str:
    """A share in whole per cent; – where there is none."""
    return "–" if share is None else f"{100 * share:.0f} %"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

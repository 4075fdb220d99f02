"""Filter and order of the list of runs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msopt_tui.runs.query_parse import Query, QueryError, parse, so_far
from msopt_tui.runs.row import RunRow
from msopt_tui.runs.values import Value, getter, resolve, value_of

__all__ = ["Column", "Listing", "Query", "QueryError", "SortKey", "Value", "ordered", "parse", "so_far", "value_of"]

Column = Literal["status", "run", "project", "created", "step", "rounds", "best_loss", "test_loss", "seconds"]
"""What the list has a column for."""
SortKey = str
"""A column, or any other field of a run: a setting by its dotted key, a metric."""


class Listing:
    """Rows with their searchable text made once, so that each key typed into the filter costs little."""

    def __init__(self, rows: Sequence[RunRow]) -> None:
        self.rows = rows
        self._texts = [
            f"{row.project}\n{row.run}\n{row.status}\n{row.description}\n{row.device}\n{row.parent}\n{row.reason}"
            f"\n{row.tags}\n{row.note}".casefold()
            for row in rows
        ]

    def select(
        self, query: Query, column: SortKey = "created", reverse: bool = True, archived: bool = False
    ) -> list[RunRow]:
        """The rows that match, ordered by a field; those without a value in it come last either way.

        Pinned ones come first; archived ones only where that is wanted or the query itself asks about it.
        """
        test = query.test
        rows = self.rows
        if test is not None:
            rows = [row for row, text in zip(rows, self._texts, strict=True) if test(row, text)]
        if not archived and "archived" not in query.fields:
            rows = [row for row in rows if not row.archived]
        found = ordered(rows, column, reverse)
        pinned = [row for row in found if row.pinned]
        return [*pinned, *(row for row in found if not row.pinned)] if pinned else found


def ordered(rows: Sequence[RunRow], column: SortKey, reverse: bool) -> list[RunRow]:
    """Rows by a field, equal ones as they stood; those without a value last in both directions.

    Numbers stand before texts, truth values among the numbers; a value that is no number (NaN) is none.
    """
    read = getter(resolve(column) or column)
    values = [read(row) for row in rows]
    numbers: list[int] = []
    texts: list[int] = []
    without: list[int] = []
    for index, value in enumerate(values):
        if value is None or value != value:
            without.append(index)
        else:
            (texts if isinstance(value, str) else numbers).append(index)
    for group in (numbers, texts):
        group.sort(key=values.__getitem__, reverse=reverse)  # type: ignore[arg-type]  # of one kind within a group
    found = [*texts, *numbers] if reverse else [*numbers, *texts]
    return [rows[index] for index in [*found, *without]]

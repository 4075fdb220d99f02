"""`Shape`: how the rows of a source become records, and what all ways of recognising one share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from msopt_tui.data.duplicates import digest
from msopt_tui.data.records.cells import Values, label_at
from msopt_tui.data.records.record import Question, Record
from msopt_tui.data.row import Row
from msopt_tui.data.sources.rows import BrokenRow, reach
from msopt_tui.data.tally import excerpt

Build = Callable[[Values], Record]
SHOWN = 30
"""Columns named in a message at most."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What was recognised in the columns of a source."""

    name: str
    """For a person, such as `alpaca`, `squad` or `article/highlights`."""
    columns: dict[str, str]
    """The task's fields and the columns they come from, in the order in which a person reads them."""
    build: Build

    def record(self, row: Row, group_column: str = "") -> Record:
        """The record that a row holds; raises BrokenRow where it holds none.

        Rows with the same text in `group_column` get the same group. Without one, questions about one context share
        one, and every other record is by itself.
        """
        record = self.build(row.values)
        group = ""
        if group_column:
            value = reach(row.values, group_column)
            group = value if isinstance(value, str) else label_at(row.values, group_column)
        elif isinstance(record, Question) and record.context:
            group = digest(" ".join(record.context.split())).hex()
        return msgspec.structs.replace(record, group=group) if group else record


class Table:
    """The first rows of a source, and which column each field was said to come from."""

    def __init__(self, given: Mapping[str, str], rows: Sequence[Row]) -> None:
        self.given = given
        self._rows = rows
        self.names = list(dict.fromkeys(name for row in rows for name in row.values))

    def first(self, column: str) -> object:
        """The first value in a column that is not nothing."""
        return next((value for value in self._values(column) if value not in (None, "", [])), None)

    def missing(self) -> list[str]:
        """Columns that were named and that no row has."""
        return [column for column in self.given.values() if not any(True for _ in self._values(column))]

    def find(self, needed: Mapping[str, Iterable[str]], optional: Mapping[str, Iterable[str]]) -> dict[str, str] | None:
        """A column for every field needed, and for those optional ones that have one; `None` where that can't be.

        What was named is taken; for the rest the first usual name that is there and not taken already. A field that
        was named and is in neither rules the whole choice out.
        """
        if not self.given.keys() <= needed.keys() | optional.keys():
            return None
        columns: dict[str, str] = {}
        for field, usual in {**needed, **optional}.items():
            free = (name for name in usual if name in self.names and name not in self.given.values())
            column = self.given.get(field) or next((name for name in free if name not in columns.values()), "")
            if column:
                columns[field] = column
            elif field in needed:
                return None
        return columns

    @staticmethod
    def in_order(columns: Mapping[str, str], *fields: str) -> dict[str, str]:
        """The columns of some fields, in the order in which a person reads them."""
        return {field: columns[field] for field in fields if field in columns}

    def named(self, columns: Mapping[str, str], usual: str) -> str:
        """What a shape is called: `columns as named` where all of it was named, and nothing recognised."""
        return "columns as named" if columns and dict(columns) == dict(self.given) else usual

    def described(self) -> str:
        """The columns with what is inside them: `id, translation {de, en}`."""
        shown = []
        for name in self.names[:SHOWN]:
            value = self.first(name)
            inside = f" {{{', '.join(map(str, value))}}}" if isinstance(value, Mapping) else ""
            shown.append(excerpt(name + inside))
        more = len(self.names) - len(shown)
        return ", ".join([*shown, f"and {more} more"] if more else shown) or "none"

    def _values(self, column: str) -> Iterator[object]:
        for row in self._rows:
            try:
                yield reach(row.values, column)
            except BrokenRow:
                continue

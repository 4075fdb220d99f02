"""From a source to records: its rows read, their shape recognised, what is broken counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data import sources
from msopt_tui.data.records.record import Record
from msopt_tui.data.records.shapes import Shape, recognise
from msopt_tui.data.row import Row
from msopt_tui.data.sources.rows import BrokenRow, BrokenRows
from msopt_tui.data.tally import Tally

FIRST_ROWS = 32
"""Rows that a shape is recognised from."""


def read(task: str, source: Source, base_dir: Path, tally: Tally) -> tuple[Shape, Iterator[tuple[Row, Record]]]:
    """The shape of a source for a task, and its rows with the record of each; relative paths start at `base_dir`.

    A row that holds none is counted as broken, up to `max_broken_rows`. Raises DataError, also while rows are read.
    """
    rows = sources.rows(source, base_dir, tally)
    first = list(islice(rows, FIRST_ROWS))
    shape = recognise(task, source.columns, first, first[0].origin if first else source.path or source.kind)
    broken = BrokenRows(source.max_broken_rows, tally)
    return shape, _records(shape, chain(first, rows), sources.group_column(source), broken)


def _records(shape: Shape, rows: Iterable[Row], group_column: str, broken: BrokenRows) -> Iterator[tuple[Row, Record]]:
    for row in rows:
        try:
            record = shape.record(row, group_column)
        except BrokenRow as why:
            broken.add(row.origin, row.part, str(why), str(dict(row.values)))
        else:
            yield row, record

"""Rows of a source as documents: records of a task, written as JSON text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.records import reading
from msopt_tui.data.records.record import encode
from msopt_tui.data.tally import Tally


def read(task: str, source: Source, base_dir: Path, tally: Tally, understood: dict[str, str]) -> Iterator[Document]:
    """One document a row; `understood` is told how the rows of the source were read. Raises DataError."""
    shape, rows = reading.read(task, source, base_dir, tally)
    columns = ", ".join(f"{field} = {column}" for field, column in shape.columns.items())
    understood[source.path or source.kind] = f"{shape.name} ({columns})"
    return (Document(encode(record), row.origin, row.part) for row, record in rows)

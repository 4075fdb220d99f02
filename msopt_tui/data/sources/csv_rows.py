"""CSV and TSV files with a header line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.row import Row
from msopt_tui.data.sources.blocks import ROW_LIMIT, lines, name_of
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.sources.rows import (
    BrokenRow,
    BrokenRows,
    documents,
    origin_of,
    refuse_missing,
    refuse_repeated,
    row_of,
)
from msopt_tui.data.tally import Tally


def rows(source: Source, base_dir: Path, tally: Tally) -> Iterator[Row]:
    """One row a line of the table, every value a text, in the order of the files. Raises DataError."""
    return _rows(source, base_dir, tally, BrokenRows(source.max_broken_rows, tally), "")


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a row, its text in `text_column`. Raises DataError."""
    broken, column = BrokenRows(source.max_broken_rows, tally), source.text_column
    return documents(_rows(source, base_dir, tally, broken, column), column, tally, broken)


def _rows(source: Source, base_dir: Path, tally: Tally, broken: BrokenRows, column: str) -> Iterator[Row]:
    """Whole rows, or only what is in one column."""
    for path in find_files(source.path, base_dir):
        origin = origin_of(name_of(path, base_dir), source, column)
        delimiter = source.delimiter or ("\t" if path.suffix == ".tsv" else ",")
        yield from _read_file(path, origin, delimiter, column, tally, broken)


def _read_file(path: Path, origin: str, delimiter: str, column: str, tally: Tally, broken: BrokenRows) -> Iterator[Row]:
    # The limit is the module's own: without it a quote that is never closed would take in the rest of the file.
    csv.field_size_limit(ROW_LIMIT)
    table = csv.reader(lines(path, tally.read), delimiter=delimiter, strict=True)
    header = _header(table, path, column)
    number = 0
    while True:
        number += 1
        cells: list[str] = []
        try:
            cells = next(table)
            if not cells:
                continue
            if len(cells) != len(header):
                raise BrokenRow(f"{len(cells)} columns instead of {len(header)}")
            values = {column: cells[header.index(column)]} if column else dict(zip(header, cells, strict=True))
            row = row_of(values, origin, number, tally)
        except StopIteration:
            return
        except csv.Error as error:
            broken.add(origin, number, str(error), f"line {table.line_num}")
        except BrokenRow as why:
            broken.add(origin, number, str(why), delimiter.join(cells))
        else:
            yield row


def _header(table: Iterator[list[str]], path: Path, column: str) -> list[str]:
    """The names of the columns, the wanted one among them."""
    try:
        header = next(table, [])
    except csv.Error as error:
        raise DataError(f"{path}: its header can't be read: {error}") from error
    if column and column not in header:
        refuse_missing(column, [*header], str(path))
        raise DataError(f'{path}: has no column "{column}", and a dot reaches inside nothing here: a cell is text')
    if not column:
        refuse_repeated(header, str(path))
    return header

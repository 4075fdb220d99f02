"""CSV and TSV files with a header line, the text in one column."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources.blocks import ROW_LIMIT, lines, name_of
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.sources.rows import BrokenRow, BrokenRows, document_of, origin_of, refuse_missing
from msopt_tui.data.tally import Tally


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a row, in the order of the files. Raises DataError."""
    broken = BrokenRows(source.max_broken_rows, tally)
    for path in find_files(source.path, base_dir):
        origin = origin_of(name_of(path, base_dir), source)
        yield from _read_file(path, origin, source, tally, broken)


def _read_file(path: Path, origin: str, source: Source, tally: Tally, broken: BrokenRows) -> Iterator[Document]:
    # The limit is the module's own: without it a quote that is never closed would take in the rest of the file.
    csv.field_size_limit(ROW_LIMIT)
    delimiter = source.delimiter or ("\t" if path.suffix == ".tsv" else ",")
    table = csv.reader(lines(path), delimiter=delimiter, strict=True)
    header = _header(table, path)
    refuse_missing(source.text_column, header, str(path))
    place = header.index(source.text_column)
    number = 0
    while True:
        number += 1
        row: list[str] = []
        try:
            row = next(table)
            if not row:
                continue
            if len(row) != len(header):
                raise BrokenRow(f"{len(row)} columns instead of {len(header)}")
            document = document_of(row[place], origin, number, tally)
        except StopIteration:
            return
        except csv.Error as error:
            broken.add(origin, number, str(error), f"line {table.line_num}")
        except BrokenRow as why:
            broken.add(origin, number, str(why), delimiter.join(row))
        else:
            if document:
                yield document


def _header(table: Iterator[list[str]], path: Path) -> list[str]:
    try:
        return next(table, [])
    except csv.Error as error:
        raise DataError(f"{path}: its header can't be read: {error}") from error

"""JSON Lines: one object a line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import msgspec

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.row import Row
from msopt_tui.data.sources.blocks import ROW_LIMIT, name_of, raw_lines
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.sources.rows import (
    BrokenRow,
    BrokenRows,
    documents,
    origin_of,
    reach,
    refuse_missing,
    row_of,
    top_of,
)
from msopt_tui.data.tally import Tally


def rows(source: Source, base_dir: Path, tally: Tally) -> Iterator[Row]:
    """One row a line, in the order of the files. Blank lines are no rows. Raises DataError."""
    return _rows(source, base_dir, tally, BrokenRows(source.max_broken_rows, tally), "")


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a line, its text in `text_column`. Raises DataError."""
    broken, column = BrokenRows(source.max_broken_rows, tally), source.text_column
    return documents(_rows(source, base_dir, tally, broken, column), column, tally, broken)


def _rows(source: Source, base_dir: Path, tally: Tally, broken: BrokenRows, column: str) -> Iterator[Row]:
    """Whole rows, or only what is in one column."""
    for path in find_files(source.path, base_dir):
        yield from _read_file(path, origin_of(name_of(path, base_dir), source, column), column, tally, broken)


def _read_file(path: Path, origin: str, column: str, tally: Tally, broken: BrokenRows) -> Iterator[Row]:
    seen_columns = not column
    for number, line in enumerate(raw_lines(path, tally.read), 1):
        if line is not None and not line.strip():
            continue
        try:
            values = _parse(line if number > 1 or line is None else line.removeprefix(codecs.BOM_UTF8))
            if not seen_columns:
                refuse_missing(column, values, str(path))
                seen_columns = True
            if column:
                reach(values, column)
                top = top_of(column, values)
                values = {top: values[top]}
            row = row_of(values, origin, number, tally)
        except BrokenRow as why:
            broken.add(origin, number, str(why), (line or b"")[:200].decode(errors="backslashreplace"))
        else:
            yield row


def _parse(line: bytes | None) -> dict[str, object]:
    if line is None:
        raise BrokenRow(f"longer than {ROW_LIMIT:,} bytes")
    try:
        row = msgspec.json.decode(line)
    except UnicodeDecodeError:
        raise BrokenRow("not UTF-8") from None
    except msgspec.DecodeError as error:
        raise BrokenRow(f"not valid JSON ({error})") from None
    except RecursionError:
        raise BrokenRow("nested too deeply") from None
    if not isinstance(row, dict):
        raise BrokenRow("not an object")
    return row

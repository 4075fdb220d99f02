"""JSON Lines: one object a line, its text in one column."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import msgspec

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.sources.blocks import ROW_LIMIT, name_of, raw_lines
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.sources.rows import BrokenRow, BrokenRows, document_of, origin_of, refuse_missing
from msopt_tui.data.tally import Tally


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a line, in the order of the files. Blank lines are no rows. Raises DataError."""
    broken = BrokenRows(source.max_broken_rows, tally)
    for path in find_files(source.path, base_dir):
        yield from _read_file(path, origin_of(name_of(path, base_dir), source), source.text_column, tally, broken)


def _read_file(path: Path, origin: str, column: str, tally: Tally, broken: BrokenRows) -> Iterator[Document]:
    seen_columns = False
    for number, line in enumerate(raw_lines(path), 1):
        if line is not None and not line.strip():
            continue
        try:
            row = _parse(line if number > 1 or line is None else line.removeprefix(codecs.BOM_UTF8))
            if not seen_columns:
                refuse_missing(column, row, str(path))
                seen_columns = True
            if column not in row:
                raise BrokenRow(f'no column "{column}"')
            document = document_of(row[column], origin, number, tally)
        except BrokenRow as why:
            broken.add(origin, number, str(why), (line or b"")[:200].decode(errors="backslashreplace"))
        else:
            if document:
                yield document


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

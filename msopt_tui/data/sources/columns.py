"""Parquet and Arrow files, read a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.row import Row
from msopt_tui.data.sources.blocks import name_of
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.sources.rows import (
    BrokenRow,
    BrokenRows,
    documents,
    origin_of,
    refuse_missing,
    refuse_repeated,
    row_of,
    top_of,
)
from msopt_tui.data.sources.values import name_classes, text_columns, with_classes
from msopt_tui.data.tally import Tally

if TYPE_CHECKING:
    from pyarrow import DataType, RecordBatch, Schema

BATCH_ROWS = 1024
FEATURES_KEY = b"huggingface"
"""Under which `datasets` keeps its description of the columns in a file's own."""


def rows(source: Source, base_dir: Path, tally: Tally) -> Iterator[Row]:
    """Every row with all its columns, in the order of the files. Raises DataError."""
    return _rows(source, base_dir, tally, BrokenRows(source.max_broken_rows, tally), "")


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a row, its text in `text_column`; no other column is read. Raises DataError."""
    broken, column = BrokenRows(source.max_broken_rows, tally), source.text_column
    return documents(_rows(source, base_dir, tally, broken, column), column, tally, broken)


def _rows(source: Source, base_dir: Path, tally: Tally, broken: BrokenRows, column: str) -> Iterator[Row]:
    """Whole rows, or only what is in one column."""
    batches = _parquet if source.kind == "parquet" else _arrow
    for path in find_files(source.path, base_dir):
        origin = origin_of(name_of(path, base_dir), source, column)
        number = 0
        for values in _values(path, batches(path, column, tally)):
            for each in values:
                number += 1
                try:
                    row = row_of(each, origin, number, tally)
                except BrokenRow as why:
                    broken.add(origin, number, str(why), "")
                else:
                    yield row


def _values(path: Path, batches: Iterator[RecordBatch]) -> Iterator[list[dict[str, object]]]:
    """The rows of every batch; raises DataError for a file that is damaged or no such file."""
    from pyarrow import ArrowException

    try:
        for batch in batches:
            values: list[dict[str, object]] = batch.to_pylist()
            for column, feature in with_classes(_features(batch.schema)).items():
                for row in values:
                    if column in row:
                        row[column] = name_classes(row[column], feature)
            yield values
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: holds text that is not UTF-8: {error}") from error
    except (ArrowException, OSError) as error:
        raise DataError(f"{path}: can't be read: {error}") from error


def _features(schema: Schema) -> dict[str, object]:
    """What `datasets` wrote about the columns when it made the file; nothing where it did not make it."""
    try:
        described = msgspec.json.decode((schema.metadata or {}).get(FEATURES_KEY, b"{}"))
        features = described["info"]["features"]
    except (msgspec.DecodeError, KeyError, TypeError):
        # Another program may keep something else under that name; the columns are there all the same.
        return {}
    return features if isinstance(features, dict) else {}


def _parquet(path: Path, column: str, tally: Tally) -> Iterator[RecordBatch]:
    from pyarrow import parquet

    size = path.stat().st_size
    with parquet.ParquetFile(path) as file:
        wanted = _wanted(file.schema_arrow, column, path, tally)
        for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
            # A batch that was read from a part of the columns does not carry the file's description of them.
            yield batch.replace_schema_metadata(file.schema_arrow.metadata)
            tally.read(size * batch.num_rows // max(file.metadata.num_rows, 1))


def _arrow(path: Path, column: str, tally: Tally) -> Iterator[RecordBatch]:
    """Arrow's file format (Feather too) or its stream format, which `datasets` writes."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        try:
            file = pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            behind = 0
            stream = pa.ipc.open_stream(source)
            wanted = _wanted(stream.schema, column, path, tally)
            for batch in stream:
                yield from _parts(batch, wanted)
                tally.read(source.tell() - behind)
                behind = source.tell()
        else:
            wanted = _wanted(file.schema, column, path, tally)
            for index in range(file.num_record_batches):
                yield from _parts(file.get_batch(index), wanted)
                tally.read(source.size() // file.num_record_batches)


def _parts(batch: RecordBatch, wanted: list[str]) -> Iterator[RecordBatch]:
    for start in range(0, batch.num_rows, BATCH_ROWS):
        yield batch.select(wanted).slice(start, BATCH_ROWS)


def _wanted(schema: Schema, column: str, path: Path, tally: Tally) -> list[str]:
    """The columns to read: all but pictures, or the one that a text is in. Raises DataError where it can hold none."""
    if not column:
        refuse_repeated(schema.names, str(path))
        return text_columns(schema.names, _features(schema), str(path), tally)
    refuse_missing(column, schema.names, str(path))
    top = top_of(column, schema.names)
    kind = schema.field(top).type
    if top == column and not _is_text(kind):
        raise DataError(f'{path}: column "{column}" holds {kind}, not text: set data.sources.text_column')
    return [top]


def _is_text(kind: DataType) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))

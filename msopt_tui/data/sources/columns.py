"""Parquet and Arrow files, the text in one column, read a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources.blocks import name_of
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.sources.rows import document_of, origin_of, refuse_missing
from msopt_tui.data.tally import Tally

if TYPE_CHECKING:
    from pyarrow import RecordBatch, Schema

BATCH_ROWS = 1024


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """One document a row, in the order of the files. Raises DataError."""
    for path in find_files(source.path, base_dir):
        origin = origin_of(name_of(path, base_dir), source)
        batches = _parquet if source.kind == "parquet" else _arrow
        row = 0
        for values in _texts(path, batches(path, source.text_column)):
            for value in values:
                row += 1
                document = document_of(value, origin, row, tally)
                if document:
                    yield document


def _texts(path: Path, batches: Iterator[RecordBatch]) -> Iterator[list[object]]:
    """The values of the one column of every batch; raises DataError for a file that is damaged or no such file."""
    from pyarrow import ArrowException

    try:
        for batch in batches:
            yield batch.column(0).to_pylist()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: holds text that is not UTF-8: {error}") from error
    except (ArrowException, OSError) as error:
        raise DataError(f"{path}: can't be read: {error}") from error


def _parquet(path: Path, column: str) -> Iterator[RecordBatch]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        _refuse(file.schema_arrow, column, path)
        yield from file.iter_batches(BATCH_ROWS, columns=[column])


def _arrow(path: Path, column: str) -> Iterator[RecordBatch]:
    """Arrow's file format (Feather too) or its stream format, which `datasets` writes."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        try:
            file = pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            stream = pa.ipc.open_stream(source)
            _refuse(stream.schema, column, path)
            yield from (part for batch in stream for part in _parts(batch, column))
        else:
            _refuse(file.schema, column, path)
            for index in range(file.num_record_batches):
                yield from _parts(file.get_batch(index), column)


def _parts(batch: RecordBatch, column: str) -> Iterator[RecordBatch]:
    for start in range(0, batch.num_rows, BATCH_ROWS):
        yield batch.select([column]).slice(start, BATCH_ROWS)


def _refuse(schema: Schema, column: str, path: Path) -> None:
    import pyarrow as pa

    refuse_missing(column, schema.names, str(path))
    kind = schema.field(column).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise DataError(f'{path}: column "{column}" holds {kind}, not text: set data.sources.text_column')

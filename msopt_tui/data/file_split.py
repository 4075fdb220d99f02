"""A file that a person chose, made into a split of its own: measured like the validation split, and on no record.

Tasks that learn from running text take UTF-8 text; the others rows as their sources have them, told by the file's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from msopt_tui.config.schema import Config, Source
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.errors import DataError
from msopt_tui.data.examples import ExampleStore, SplitWriter
from msopt_tui.data.meta import Meta, SplitMeta
from msopt_tui.data.prepare import PreparedData
from msopt_tui.data.records import reading
from msopt_tui.data.records.record import RECORDS, Labelled, Record, encode
from msopt_tui.data.sources.rows import TooManyBroken
from msopt_tui.data.split import SPLITS
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import TokenStore
from msopt_tui.data.vocabulary import Vocabulary

FILE_LIMIT = 64 << 20
"""A chosen file may be so large (bytes)."""
KINDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}
KINDS[".arrow"] = "arrow"
"""How rows are read, by the end of a file's name."""
_EMPTY = SplitMeta(0, 0, 0, 0)


def text_of(path: Path) -> str:
    """The text of a chosen file; raises ValueError where it is none."""
    _refuse_large(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if not text.strip():
        raise ValueError(f"{path}: there is no text in it")
    return text


def prepared_from(
    path: Path, config: Config, prepared: PreparedData, vocabulary: Vocabulary, folder: Path
) -> PreparedData:
    """The data of a run with a file in the place of its validation split, and nothing in the others; `folder` is
    written to. Raises ValueError for a file that the task can't be measured on."""
    kind = RECORDS.get(config.task.name)
    if kind is None:
        return _with_text(text_of(path), prepared, vocabulary, folder)
    try:
        return _with_rows(_records(path, config, prepared, kind), config, prepared, vocabulary, folder)
    except TooManyBroken as error:
        raise ValueError(error.first) from error
    except DataError as error:
        raise ValueError(str(error)) from error


def _with_text(text: str, prepared: PreparedData, vocabulary: Vocabulary, folder: Path) -> PreparedData:
    tokens = 0
    for name in SPLITS:
        with (folder / f"{name}.bin").open("wb") as file:
            if name == "validation":
                for ids, _ in bpe.encode(vocabulary.tokenizer, [text], between=vocabulary.between):
                    file.write(ids.astype(prepared.meta.dtype).tobytes())
                    tokens += len(ids)
    meta = _meta(prepared, SplitMeta(1, len(text), len(text.encode()), tokens))
    return replace(prepared, tables=TokenStore(folder, meta), meta=meta)


def _with_rows(
    records: Iterable[tuple[str, Record]], config: Config, prepared: PreparedData, vocabulary: Vocabulary, folder: Path
) -> PreparedData:
    encoder, tally = encoder_of(config, vocabulary, prepared.labels), Tally()
    for name in SPLITS:
        with SplitWriter(folder, name, encoder.columns) as writer:
            for origin, record in records if name == "validation" else ():
                examples = encoder.encode(record, tally)
                if examples:
                    writer.add(encode(record), origin, examples)
        if name == "validation":
            split = _counted(writer)
    if not split.examples:
        raise ValueError(f"no row of it gives an example ({tally.summary() or 'it has none'})")
    meta = _meta(prepared, split)
    return replace(prepared, tables=ExampleStore(folder, meta), meta=meta)


def _counted(writer: SplitWriter) -> SplitMeta:
    """What was written of a split that is measured, not trained on."""
    lengths = writer.lengths
    count = len(lengths)
    return SplitMeta(
        documents=writer.records,
        characters=0,
        bytes=0,
        tokens=int(np.sum(lengths)),
        examples=count,
        rows=count,
        supervised=writer.supervised,
    )


def _records(path: Path, config: Config, prepared: PreparedData, kind: type[Record]) -> Iterator[tuple[str, Record]]:
    """Every row as a record, with what a person calls it. Raises ValueError at the first that is none."""
    if path.suffix.lower() not in KINDS:
        raise ValueError(f"{path}: {config.task.name} is measured on rows: a file that ends with {', '.join(KINDS)}")
    _refuse_large(path)
    known = set(prepared.labels) if kind is Labelled else set()
    for row, record in _read(path, config):
        if isinstance(record, Labelled) and record.label not in known:
            raise ValueError(f"{row}: the class {record.label!r} is none of this model's: {', '.join(sorted(known))}")
        yield row, record


def _read(path: Path, config: Config) -> Iterator[tuple[str, Record]]:
    """Rows read as the sources of the project are, or by the usual names of their columns."""
    ways = [*dict.fromkeys(msgspec.json.encode(source.columns) for source in config.data.sources), b"{}"]
    failed: DataError | None = None
    for columns in dict.fromkeys(ways):
        source = msgspec.convert(
            {
                "kind": KINDS[path.suffix.lower()],
                "path": str(path),
                "columns": msgspec.json.decode(columns),
                "max_broken_rows": 0,
            },
            Source,
        )
        try:
            _, rows = reading.read(config.task.name, source, path.parent, Tally())
        except DataError as error:
            failed = failed or error
        else:
            return ((row.label, record) for row, record in rows)
    assert failed is not None, "there is always the last way"
    raise failed


def _refuse_large(path: Path) -> None:
    """Raises ValueError for a file that is too large, or none."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if path.is_file() and size > FILE_LIMIT:
        raise ValueError(f"{path}: larger than {FILE_LIMIT >> 20} MiB")


def _meta(prepared: PreparedData, split: SplitMeta) -> Meta:
    return msgspec.structs.replace(prepared.meta, splits=dict.fromkeys(SPLITS, _EMPTY) | {"validation": split})

"""Records as examples: encoded for their task, packed where several may share a row, and written split by split."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.config.schema import Config
from msopt_tui.data.corpus import Corpus, Indices
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.base import Encoder
from msopt_tui.data.errors import DataError
from msopt_tui.data.examples import SplitWriter, write_bins
from msopt_tui.data.meta import SplitMeta
from msopt_tui.data.packing import pack
from msopt_tui.data.records.record import Labelled, Record, decode
from msopt_tui.data.split import SPLITS, SplitName, Splits
from msopt_tui.data.tally import Tally
from msopt_tui.data.vocabulary import Vocabulary
from msopt_tui.data.write_stream import Written

if TYPE_CHECKING:
    from msopt_tui.data.build import Check, Progress

MAX_LABELS = 10_000
"""More classes than this are not classes but text."""


def write(
    directory: Path,
    corpus: Corpus,
    splits: Splits,
    kind: type[Record],
    vocabulary: Vocabulary,
    config: Config,
    tally: Tally,
    progress: Progress,
    check: Check,
) -> Written:
    """Write the files of every split. Raises DataError where no example, or a class that cannot be learned, is left."""
    labels = _labels(corpus, splits["train"], kind) if kind is Labelled else []
    encoder = encoder_of(config, vocabulary, labels)
    total = sum(len(splits[name]) for name in SPLITS)
    done = 0
    sizes: dict[str, SplitMeta] = {}
    for name in SPLITS:
        documents = _known_labels(corpus, splits[name], labels, name, tally) if labels else splits[name]
        done += len(splits[name]) - len(documents)
        with SplitWriter(directory, name, encoder.columns) as writer:
            # What was read of the records that the encoder has taken and not given back: two batches at most.
            read: deque[tuple[int, str]] = deque()
            for examples in encoder.encode_many(_records(corpus, documents, kind, read), tally):
                check()
                number, stored = read.popleft()
                if examples:
                    writer.add(stored, corpus.label(number), examples)
                done += 1
                progress(done, total, "rows", f"encoding the {name} split")
        sizes[name] = _size(directory, name, corpus, documents, writer, encoder, config)
    if not sizes["train"].examples:
        raise DataError(f"no example is left to train on (dropped: {tally.summary()}): raise data.max_length")
    if not sizes["validation"].examples:
        raise DataError(f"no example is left to validate on (dropped: {tally.summary()}): raise data.max_length")
    return Written(sizes, dict(encoder.columns), labels)


def _records(
    corpus: Corpus, documents: Indices, kind: type[Record], read: deque[tuple[int, str]] | None = None
) -> Iterator[Record]:
    """The records of documents in order; `read` is given the number and the JSON text of each."""
    for number in documents.tolist():
        stored = corpus.text(number)
        if read is not None:
            read.append((number, stored))
        yield decode(kind, stored)


def _size(
    directory: Path,
    name: SplitName,
    corpus: Corpus,
    documents: Indices,
    writer: SplitWriter,
    encoder: Encoder,
    config: Config,
) -> SplitMeta:
    """The facts of a split that has been written; training examples are packed here."""
    lengths = writer.lengths
    rows = len(lengths)
    if name == "train" and encoder.packs and config.data.packing and rows:
        flat, bounds = pack(lengths, config.data.max_length)
        write_bins(directory, name, flat, bounds)
        rows = len(bounds) - 1
    return SplitMeta(
        documents=writer.records,
        characters=int(corpus.characters[documents].sum()),
        bytes=int(corpus.sizes[documents].sum()),
        tokens=int(lengths.sum()),
        examples=len(lengths),
        rows=rows,
        supervised=writer.supervised,
        truncated=writer.truncated,
        unended=writer.unended,
    )


def _labels(corpus: Corpus, train: Indices, kind: type[Record]) -> list[str]:
    """The classes of the training split, numbers in their order, names by the alphabet. Raises DataError."""
    found = {record.label for record in _records(corpus, train, kind) if isinstance(record, Labelled)}
    if not 2 <= len(found) <= MAX_LABELS:
        what = ", ".join(sorted(found)[:3])
        raise DataError(f"text-classification needs 2 to {MAX_LABELS:,} classes, and train has {len(found):,}: {what}")
    return sorted(found, key=lambda label: (0, int(label), "") if re.fullmatch(r"-?\d+", label) else (1, 0, label))


def _known_labels(corpus: Corpus, documents: Indices, labels: list[str], name: str, tally: Tally) -> Indices:
    """The rows whose class the training split has; others are counted and left out: no network could ever give them."""
    known = set(labels)
    keep = []
    for number, record in zip(documents.tolist(), _records(corpus, documents, Labelled), strict=True):
        assert isinstance(record, Labelled), "decoded as such"
        keep.append(record.label in known)
        if not keep[-1]:
            tally.remove(f"{name} rows of a class that train has not", f"{corpus.label(number)}: {record.label}")
    return documents[keep]

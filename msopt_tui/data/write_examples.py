"""Records as examples: encoded for their task, packed where several may share a row, and written split by split."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from msopt_tui.config.schema import Config
from msopt_tui.data.by_source import bounds, sums, together
from msopt_tui.data.corpus import Corpus, Indices
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.base import Encoder
from msopt_tui.data.errors import DataError
from msopt_tui.data.examples import SplitWriter, write_bins
from msopt_tui.data.meta import SourceMeta, SplitMeta
from msopt_tui.data.packing import pack
from msopt_tui.data.records.record import Labelled, Record, decode
from msopt_tui.data.split import SPLITS, SplitName, Splits
from msopt_tui.data.tally import Tally
from msopt_tui.data.vocabulary import Vocabulary
from msopt_tui.data.write_stream import Written

if TYPE_CHECKING:
    from msopt_tui.data.watch import Check, Progress

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
    if kind is Labelled:
        progress(0, 0, "", "looking for the classes")
    labels = _labels(corpus, splits["train"], kind) if kind is Labelled else []
    encoder = encoder_of(config, vocabulary, labels)
    sources, source_of = len(config.data.sources), corpus.sources.tolist()
    total = sum(len(splits[name]) for name in SPLITS)
    done = 0
    sizes: dict[str, SplitMeta] = {}
    for name in SPLITS:
        ordered = np.concatenate(together(corpus, splits[name], sources))
        documents = _known_labels(corpus, ordered, labels, name, tally) if labels else ordered
        counts = [0] * sources
        done += len(splits[name]) - len(documents)
        with SplitWriter(directory, name, encoder.columns) as writer:
            # What was read of the records that the encoder has taken and not given back: two batches at most.
            read: deque[tuple[int, str]] = deque()
            for examples in encoder.encode_many(_records(corpus, documents, kind, read), tally):
                check()
                number, stored = read.popleft()
                if examples:
                    writer.add(stored, corpus.label(number), examples)
                    counts[source_of[number]] += len(examples)
                done += 1
                progress(done, total, "rows", f"encoding the {name} split")
        sizes[name] = _size(directory, name, corpus, documents, writer, encoder, config, counts)
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
    counts: list[int],
) -> SplitMeta:
    """The facts of a split that has been written, `counts` examples of each source; training examples are packed here.

    Examples of different sources share no row.
    """
    lengths = writer.lengths
    rows = list(counts)
    if name == "train" and encoder.packs and config.data.packing and len(lengths):
        rows = _pack(directory, name, lengths, counts, config.data.max_length)
    return SplitMeta(
        documents=writer.records,
        characters=int(corpus.characters[documents].sum()),
        bytes=int(corpus.sizes[documents].sum()),
        tokens=int(lengths.sum()),
        examples=len(lengths),
        rows=sum(rows),
        supervised=writer.supervised,
        truncated=writer.truncated,
        unended=writer.unended,
        by_source=[
            SourceMeta(int(tokens), each, own)
            for tokens, each, own in zip(sums(lengths, counts), counts, rows, strict=True)
        ]
        if len(counts) > 1
        else [],
    )


def _pack(directory: Path, name: SplitName, lengths: Indices, counts: list[int], max_length: int) -> list[int]:
    """Write which examples share a row; returns the rows of each source."""
    flats, starts, rows = list[Indices](), [np.zeros(1, np.int64)], list[int]()
    for first, end in pairwise(bounds(counts)):
        flat, begins = pack(lengths[first:end], max_length)
        flats.append(flat + first)
        starts.append(begins[1:] + first)
        rows.append(len(begins) - 1)
    write_bins(directory, name, np.concatenate(flats), np.concatenate(starts))
    return rows


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

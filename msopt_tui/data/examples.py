"""`ExampleStore`: examples of different lengths as memory maps, with the records that they were made of.

A split is a handful of files: the numbers of every column one after the other, with the places where each example
begins; and its records as JSON lines, for whoever wants to see or to score them.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from msopt_tui.data.encode.base import Example
from msopt_tui.data.meta import Meta, SplitMeta
from msopt_tui.data.records.record import Record
from msopt_tui.data.split import SPLITS, SplitName
from msopt_tui.data.tokens import Rows

Numbers = npt.NDArray[np.integer]
RECORDS = "records"
BOUND = "<u8"
COUNT = "<u4"
TRUNCATED, UNENDED = 1, 2
"""Flags of an example."""


class StoredRecord(msgspec.Struct, frozen=True):
    """A record and where it came from."""

    origin: str
    """As a person is told: `pairs.jsonl#12`."""
    record: msgspec.Raw


class Ragged:
    """Rows of different lengths, one after the other in a file."""

    def __init__(self, directory: Path, name: str, dtype: str) -> None:
        self._values = _mapped(directory / f"{name}.bin", dtype)
        self._bounds = _mapped(directory / f"{name}.bounds", BOUND)

    def __len__(self) -> int:
        return max(0, len(self._bounds) - 1)

    def __getitem__(self, index: int) -> Numbers:
        return self._values[int(self._bounds[index]) : int(self._bounds[index + 1])]

    @property
    def lengths(self) -> Rows:
        """Of every row [rows]."""
        bounds = self._bounds.astype(np.int64)
        return bounds[1:] - bounds[:-1]

    def sums(self, of: Rows) -> Rows:
        """For rows of indices into `of`: the sum of what they name [rows]."""
        return np.add.reduceat(of[self._values], self._bounds[:-1].astype(np.int64)) if len(self) else of[:0]


class ExampleSplit:
    """The examples of one split, and the rows they are trained in."""

    def __init__(self, directory: Path, name: str, meta: SplitMeta, columns: Mapping[str, str]) -> None:
        self.meta = meta
        self.columns = {column: Ragged(directory, f"{name}.{column}", dtype) for column, dtype in columns.items()}
        self.lengths = _mapped(directory / f"{name}.example-length.bin", COUNT).astype(np.int64)
        """Tokens of every example [examples]."""
        self.supervised = _mapped(directory / f"{name}.example-supervised.bin", COUNT).astype(np.int64)
        """Targets of every example [examples]."""
        self.record_of = _mapped(directory / f"{name}.example-record.bin", COUNT).astype(np.int64)
        """Number of the record that every example was made of [examples]."""
        self.bins = Ragged(directory, f"{name}.packed", COUNT) if (directory / f"{name}.packed.bin").exists() else None
        """Examples that share a training row [rows]; `None` where each has its own."""
        self._flags = _mapped(directory / f"{name}.example-flags.bin", "|u1")
        self._records = Ragged(directory, f"{name}.{RECORDS}", "|u1")

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def records(self) -> int:
        """Records there are; each gave one example or several."""
        return len(self._records)

    @property
    def rows(self) -> int:
        """Training rows: examples, or what they were packed into."""
        return len(self) if self.bins is None else len(self.bins)

    @property
    def row_lengths(self) -> Rows:
        """Tokens of every training row [rows]."""
        return self.lengths if self.bins is None else self.bins.sums(self.lengths)

    def members(self, row: int) -> list[int]:
        """The examples of a training row."""
        return [row] if self.bins is None else self.bins[row].tolist()

    def example(self, index: int) -> Example:
        """One example as its encoder gave it."""
        flags = int(self._flags[index])
        return Example(
            columns={name: column[index].tolist() for name, column in self.columns.items()},
            length=int(self.lengths[index]),
            supervised=int(self.supervised[index]),
            truncated=bool(flags & TRUNCATED),
            ended=not flags & UNENDED,
        )

    def origin(self, index: int) -> str:
        """Where one example comes from, for a person: `pairs.jsonl#12`."""
        return self.stored(int(self.record_of[index])).origin

    def stored(self, number: int) -> StoredRecord:
        """A record as it was written, with its origin."""
        return msgspec.json.decode(self._records[number].tobytes(), type=StoredRecord)

    def record(self, number: int, kind: type[Record]) -> Record:
        """A record by its number."""
        return msgspec.json.decode(self.stored(number).record, type=kind)


class ExampleStore:
    """Prepared examples of all splits, opened read-only."""

    def __init__(self, directory: Path, meta: Meta) -> None:
        self.directory = directory
        self.meta = meta
        self._splits = {name: ExampleSplit(directory, name, meta.splits[name], meta.columns) for name in SPLITS}

    def __getitem__(self, split: SplitName) -> ExampleSplit:
        return self._splits[split]


class SplitWriter:
    """Writes the files of one split, example by example, in a `with`."""

    def __init__(self, directory: Path, name: str, columns: Mapping[str, str]) -> None:
        self._directory, self._name = directory, name
        self._columns = {
            column: _RaggedWriter(directory, f"{name}.{column}", dtype) for column, dtype in columns.items()
        }
        self._records = _RaggedWriter(directory, f"{name}.{RECORDS}", "|u1")
        self._length, self._supervised, self._record_of = array("I"), array("I"), array("I")
        self._flags = bytearray()
        self.records = 0
        self.truncated = 0
        """Examples that were cut to fit."""
        self.unended = 0
        """Examples whose learned part has no end."""

    def __enter__(self) -> SplitWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in (*self._columns.values(), self._records):
            writer.close()
        for what, numbers in (("length", self._length), ("supervised", self._supervised), ("record", self._record_of)):
            np.array(numbers, COUNT).tofile(self._directory / f"{self._name}.example-{what}.bin")
        (self._directory / f"{self._name}.example-flags.bin").write_bytes(self._flags)

    def add(self, record: str, origin: str, examples: list[Example]) -> None:
        """Append a record (JSON text) with the examples made of it, at least one."""
        line = msgspec.json.encode(StoredRecord(origin, msgspec.Raw(record.encode())))
        self._records.add(np.frombuffer(line, "|u1"))
        for example in examples:
            for name, writer in self._columns.items():
                writer.add(example.columns[name])
            self._length.append(example.length)
            self._supervised.append(example.supervised)
            self._record_of.append(self.records)
            self._flags.append(TRUNCATED * example.truncated | UNENDED * (not example.ended))
            self.truncated += example.truncated
            self.unended += not example.ended
        self.records += 1

    @property
    def lengths(self) -> Rows:
        """Tokens of every example so far [examples]."""
        return np.array(self._length, np.int64)

    @property
    def supervised(self) -> int:
        """Targets so far."""
        return int(np.array(self._supervised, np.int64).sum())


def write_bins(directory: Path, name: str, flat: Numbers, bounds: Numbers) -> None:
    """Which examples share a training row: `flat` [examples] in rows that begin at `bounds` [rows + 1]."""
    flat.astype(COUNT).tofile(directory / f"{name}.packed.bin")
    bounds.astype(BOUND).tofile(directory / f"{name}.packed.bounds")


class _RaggedWriter:
    def __init__(self, directory: Path, name: str, dtype: str) -> None:
        self._values: BinaryIO = (directory / f"{name}.bin").open("wb")
        self._bounds = directory / f"{name}.bounds"
        self._dtype = np.dtype(dtype)
        self._ends = array("Q", [0])

    def add(self, numbers: npt.ArrayLike) -> None:
        values = np.asarray(numbers, self._dtype)
        self._values.write(values.tobytes())
        self._ends.append(self._ends[-1] + len(values))

    def close(self) -> None:
        self._values.close()
        np.array(self._ends, BOUND).tofile(self._bounds)


def _mapped(path: Path, dtype: str) -> Numbers:
    # A map of no bytes is an error, an empty split is not.
    if path.stat().st_size == 0:
        return np.zeros(0, dtype)
    mapped: Numbers = np.asarray(np.memmap(path, dtype, mode="r"))
    return mapped

"""`Corpus`: texts on disk, and in memory only what is asked of all of them at once (about 45 bytes a document)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType

import numpy as np
import numpy.typing as npt

from msopt_tui.data.document import Document, label

MEMORY_BYTES = 64 << 20
"""Texts stay in memory up to so many bytes of UTF-8; beyond they go to a file without name, which ends with us."""
DIGEST_BYTES = 16

Indices = npt.NDArray[np.int64]
Digests = npt.NDArray[np.bytes_]


class Corpus:
    """Documents in the order they were added, by index; close it, or use it in a `with`."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        """`folder` is where a large corpus keeps its file; `seed` goes into the digests."""
        self._file = SpooledTemporaryFile(max_size=MEMORY_BYTES, dir=str(folder))  # noqa: SIM115 (closed by `close`)
        self._salt = seed.to_bytes(8, "little")
        self._end = 0
        self._reading = False
        self._view: Callable[[str], str] | None = None
        self.has_groups = False
        """Whether documents were added in groups."""
        self._starts, self._bytes, self._characters = array("Q"), array("I"), array("I")
        self._digests = bytearray()
        self._origins: list[str] = []
        self._origin_of, self._part_of, self._source_of = array("I"), array("I"), array("I")

    def __enter__(self) -> Corpus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._starts)

    def close(self) -> None:
        """Let go of the texts."""
        self._file.close()

    def add(self, document: Document, source: int, group: str = "") -> None:
        """Append a document of the source with this number. Raises OSError where the disk is full.

        Documents of one group have the same digest, so that no split parts them; without a group the text decides.
        """
        text = document.text.encode()
        if not self._origins or self._origins[-1] != document.origin:
            self._origins.append(document.origin)
        self._origin_of.append(len(self._origins) - 1)
        self._part_of.append(document.part)
        self._source_of.append(source)
        self._starts.append(self._write(text))
        self._bytes.append(len(text))
        self._characters.append(len(document.text))
        same = group.encode() if group else text
        self.has_groups = self.has_groups or bool(group)
        self._digests += blake2b(same, digest_size=DIGEST_BYTES, key=self._salt).digest()

    def replace(self, index: int, text: str) -> None:
        """Give a document another text; its digest stays."""
        data = text.encode()
        self._starts[index] = self._write(data)
        self._bytes[index] = len(data)
        self._characters[index] = len(text)

    def text(self, index: int) -> str:
        """The text of one document."""
        self._file.seek(self._starts[index])
        self._reading = True
        return self._file.read(self._bytes[index]).decode()

    def compare_by(self, view: Callable[[str], str]) -> None:
        """From now on documents are compared by `view` of their text."""
        self._view = view

    def comparable(self, index: int) -> str:
        """What one document is compared by: its text, or what `compare_by` makes of it."""
        text = self.text(index)
        return self._view(text) if self._view else text

    def texts(self, indices: Iterable[int]) -> Iterator[str]:
        """The texts of several documents, one at a time."""
        return (self.text(index) for index in indices)

    def document(self, index: int) -> Document:
        """One document as it was added."""
        return Document(self.text(index), self._origins[self._origin_of[index]], self._part_of[index])

    def label(self, index: int) -> str:
        """Names one document for a person."""
        return label(self._origins[self._origin_of[index]], self._part_of[index])

    @property
    def characters(self) -> Indices:
        """Characters of every document [documents]."""
        return np.array(self._characters, np.int64)

    @property
    def sizes(self) -> Indices:
        """UTF-8 bytes of every document [documents]."""
        return np.array(self._bytes, np.int64)

    @property
    def sources(self) -> Indices:
        """Number of the source of every document [documents]."""
        return np.array(self._source_of, np.int64)

    @property
    def digests(self) -> Digests:
        """16 bytes that stand for every document's text, or its group, and the seed [documents]."""
        return np.frombuffer(bytes(self._digests), f"S{DIGEST_BYTES}")

    def _write(self, data: bytes) -> int:
        """Append bytes and return where they start."""
        if self._reading:
            self._file.seek(self._end)
            self._reading = False
        start = self._end
        self._file.write(data)
        self._end += len(data)
        return start

"""Where text comes from: one file a kind, and the table that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.sources import (
    columns,
    csv_rows,
    gutenberg,
    hub,
    jsonl,
    python_docstrings,
    python_topics,
    text,
    wikipedia,
)
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.tally import Tally

Reader = Callable[[Source, Path, Tally], Iterator[Document]]
"""Reads one source, in an order that does not depend on the machine; counts what it leaves out; raises DataError."""
Inputs = Callable[[Source, Path], list[Path] | None]
"""Every file that a source reads, so that it can be known again without reading; `None` where that can't be told."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How sources of one kind are read."""

    read: Reader
    inputs: Inputs


def _named(source: Source, base_dir: Path) -> list[Path]:
    return find_files(source.path, base_dir)


SOURCES: dict[str, Kind] = {
    "python-topics": Kind(python_topics.read, lambda *_: python_topics.files()),
    "python-docstrings": Kind(python_docstrings.read, lambda *_: python_docstrings.files()),
    "text": Kind(text.read, _named),
    "gutenberg": Kind(gutenberg.read, _named),
    "wikipedia": Kind(wikipedia.read, _named),
    "jsonl": Kind(jsonl.read, _named),
    "csv": Kind(csv_rows.read, _named),
    "parquet": Kind(columns.read, _named),
    "arrow": Kind(columns.read, _named),
    "datasets": Kind(hub.read, hub.files),
}
"""By the `kind` that `[[data.sources]]` may have."""


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """The documents of one source; relative paths start at `base_dir`. Raises DataError."""
    documents = SOURCES[source.kind].read(source, base_dir, tally)
    chosen = islice(documents, source.max_documents) if source.max_documents else documents
    return (_writable(document, tally) for document in chosen)


def _writable(document: Document, tally: Tally) -> Document:
    """A document in the form that `Document` promises; what must go for that is counted.

    Escapes of JSON, Python and HTML can name a NUL and halves of characters, which no file of text holds.
    """
    text = document.text
    if "\0" in text:
        tally.remove("NUL characters", document.label, text.count("\0"))
        text = text.replace("\0", "")
    if not text.isascii():
        plain = text.encode(errors="ignore").decode()
        if len(plain) < len(text):
            tally.remove("surrogates, which are no characters", document.label, len(text) - len(plain))
            text = plain
    return document if text is document.text else replace(document, text=text)


def inputs(source: Source, base_dir: Path) -> list[Path] | None:
    """The files that `read` reads; `None` where they can't be told. Raises DataError like `read`."""
    return SOURCES[source.kind].inputs(source, base_dir)

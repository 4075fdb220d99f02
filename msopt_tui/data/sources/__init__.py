"""Where text and rows come from: one file a kind, and the table that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.row import Row
from msopt_tui.data.sources import (
    bible_verses,
    columns,
    csv_rows,
    gutenberg,
    hub,
    jsonl,
    package_docstrings,
    python_docstrings,
    python_functions,
    python_questions,
    python_topics,
    text,
    wikipedia,
)
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.sources.values import writable
from msopt_tui.data.tally import Tally
from msopt_tui.data.watch import Watcher

Reader = Callable[[Source, Path, Tally], Iterator[Document]]
"""Reads one source, in an order that does not depend on the machine; counts what it leaves out; raises DataError."""
RowReader = Callable[[Source, Path, Tally], Iterator[Row]]
"""The same for rows, their values as JSON can hold them."""
Inputs = Callable[[Source, Path], list[Path] | None]
"""Every file that a source reads, so that it can be known again without reading; `None` where that can't be told."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How sources of one kind are read."""

    read: Reader | None
    """`None` where there are only rows."""
    inputs: Inputs
    rows: RowReader | None = None
    """`None` where there is only text."""
    fetch: Callable[[Source, Path, Watcher], None] | None = None
    """Brings what has to come from elsewhere before it is read; `None` where all of it is here."""
    group_column: str = ""
    """The column whose values keep rows together where the source names none."""


def _named(source: Source, base_dir: Path) -> list[Path]:
    return find_files(source.path, base_dir)


SOURCES: dict[str, Kind] = {
    "python-topics": Kind(python_topics.read, lambda *_: python_topics.files()),
    "python-docstrings": Kind(python_docstrings.read, lambda *_: python_docstrings.files()),
    "python-functions": Kind(None, lambda *_: python_functions.files(), python_functions.rows, group_column="module"),
    "python-questions": Kind(None, lambda *_: python_questions.files(), python_questions.rows, group_column="module"),
    "package-docstrings": Kind(
        None, lambda *_: package_docstrings.files(), package_docstrings.rows, group_column="module"
    ),
    "bible-verses": Kind(None, lambda *_: bible_verses.files(), bible_verses.rows, group_column="chapter"),
    "text": Kind(text.read, _named),
    "gutenberg": Kind(gutenberg.read, _named),
    "wikipedia": Kind(wikipedia.read, _named),
    "jsonl": Kind(jsonl.read, _named, jsonl.rows),
    "csv": Kind(csv_rows.read, _named, csv_rows.rows),
    "parquet": Kind(columns.read, _named, columns.rows),
    "arrow": Kind(columns.read, _named, columns.rows),
    "datasets": Kind(hub.read, hub.files, hub.rows, hub.fetch),
}
"""By the `kind` that `[[data.sources]]` may have."""


def fetch(source: Source, base_dir: Path, watcher: Watcher) -> None:
    """Bring what `read` and `rows` need and is not here yet, with the bytes told while they come. Raises DataError."""
    bring = SOURCES[source.kind].fetch
    if bring is not None:
        bring(source, base_dir, watcher)


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """The documents of one source; relative paths start at `base_dir`. Raises DataError."""
    kind = SOURCES[source.kind]
    if kind.read is None:
        raise DataError(f'a source of kind "{source.kind}" has rows for other tasks, not running text: see task.name')
    documents = kind.read(source, base_dir, tally)
    chosen = islice(documents, source.max_documents) if source.max_documents else documents
    # Texts of rows are so already: rows may hold nothing else.
    return chosen if kind.rows else (_writable(document, tally) for document in chosen)


def rows(source: Source, base_dir: Path, tally: Tally) -> Iterator[Row]:
    """The rows of one source; relative paths start at `base_dir`. Raises DataError."""
    reader = SOURCES[source.kind].rows
    if reader is None:
        with_rows = ", ".join(name for name, kind in SOURCES.items() if kind.rows)
        raise DataError(f'a source of kind "{source.kind}" has running text, no rows; kinds with rows: {with_rows}')
    found = reader(source, base_dir, tally)
    return islice(found, source.max_documents) if source.max_documents else found


def size(source: Source, base_dir: Path) -> int | None:
    """Bytes of all that will be read; `None` where that can't be told before. Raises DataError like `read`."""
    if source.max_documents or SOURCES[source.kind].fetch is not None:
        return None
    found = inputs(source, base_dir)
    try:
        return None if found is None else sum(path.stat().st_size for path in found)
    except OSError:
        return None  # whoever reads it says what is wrong


def group_column(source: Source) -> str:
    """The column whose values keep rows of the same split together; empty where each row is by itself."""
    return source.group_column or SOURCES[source.kind].group_column


def _writable(document: Document, tally: Tally) -> Document:
    """A document in the form that `Document` promises."""
    text = writable(document.text, document.label, tally)
    return document if text is document.text else replace(document, text=text)


def inputs(source: Source, base_dir: Path) -> list[Path] | None:
    """The files that `read` reads; `None` where they can't be told. Raises DataError like `read`."""
    return SOURCES[source.kind].inputs(source, base_dir)

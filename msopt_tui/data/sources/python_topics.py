"""The language reference that every Python carries for `help()`: about 0.46 million characters, 80 topics."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.tally import Tally


def read(_source: Source, _base_dir: Path, _tally: Tally) -> Iterator[Document]:
    """One document a topic, in alphabetical order."""
    try:
        topics: dict[str, str] = import_module("pydoc_data.topics").topics
    except ImportError as error:
        raise DataError(
            'python-topics: this Python was installed without pydoc_data; use a source of kind "text" '
            "or a complete Python"
        ) from error
    for name in sorted(topics):
        yield Document(topics[name], f"python-topics/{name}")


def files() -> list[Path] | None:
    """The file that holds the topics; `None` where `read` will say that there is none."""
    try:
        found = find_spec("pydoc_data.topics")
    except ImportError:
        return None
    return [Path(found.origin)] if found and found.origin else None

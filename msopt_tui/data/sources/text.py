"""UTF-8 text files named by a path or a glob; a document is a file, a passage or a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.sources.blocks import name_of, text_blocks, whole_text
from msopt_tui.data.sources.passages import passages, short_lines
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.tally import Tally


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """The documents of every file, sorted by path. Raises DataError naming the file and the way out."""
    for path in find_files(source.path, base_dir):
        origin = name_of(path, base_dir)
        match source.document:
            case "paragraphs":
                yield from in_passages(text_blocks(path, tally.read), origin, source.document_chars, tally)
            case "line":
                yield from _in_lines(path, origin, tally)
            case _:
                yield Document(whole_text(path, tally.read), origin)


def in_passages(blocks: Iterator[str], origin: str, chars: int, tally: Tally) -> Iterator[Document]:
    """Passages of whole paragraphs, with at least `chars` characters where there are so many."""
    for part, (text, forced) in enumerate(passages(blocks, chars), 1):
        tally.change("passages ended inside a paragraph that is too long", forced)
        yield Document(text, origin, part)


def _in_lines(path: Path, origin: str, tally: Tally) -> Iterator[Document]:
    for part, (text, forced) in enumerate(short_lines(text_blocks(path, tally.read)), 1):
        tally.change("lines cut because they are too long", forced)
        if text and not text.isspace():
            yield Document(text, origin, part)
        else:
            tally.remove("blank lines", f"{origin}#{part}")

"""Books of Project Gutenberg: licence and credits go, a chapter is a document where chapters can be told.

The markers are those of real files: since about 2006 `*** START OF THE PROJECT GUTENBERG EBOOK … ***` and its END
(`THIS` instead of `THE` in some, without the space in others, wrapped over two lines for long titles); before that the
"small print" up to `*END*THE SMALL PRINT! …*END*` and `End of the Project Gutenberg Etext of …`. Some old files carry
the small print behind the book instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.sources.blocks import Heard, name_of, raw_blocks, refuse_large, whole_text
from msopt_tui.data.sources.paths import find_files
from msopt_tui.data.sources.text import in_passages
from msopt_tui.data.tally import Tally

CHAPTER_CHARS = 1000
"""What has fewer characters than this between two headings is a table of contents or a part's title page: it goes with
the chapter after it."""

_START = re.compile(
    r"^[ \t]*\*{3} ?START OF (?:THE |THIS )?(?:PROJECT )?GUTENBERG (?:EBOOK|ETEXT)"
    r"(?:[^*\n]*(?:\n[^*\n]+)?\*{3}|.*$)"
    r"|^[ \t]*\*END\*? ?THE SMALL PRINT!.*$",
    re.IGNORECASE | re.MULTILINE,
)
_END = re.compile(
    r"^[ \t]*(?:\*{3} ?)?END OF (?:THE |THIS )?PROJECT GUTENBERG(?:'S|’S)?\b",
    re.IGNORECASE | re.MULTILINE,
)
_CREDITS = re.compile(
    r"\s*(?:Produced by|E-?text prepared by|Transcribed from|"
    r"This e-?(?:text|book) was (?:prepared|produced|transcribed))\b(?:[^\n]|\n(?![ \t]*\n))*\n[ \t]*\n",
    re.IGNORECASE,
)
_NUMBER = (
    r"(?:[IVXLC]+|\d+|(?:the )?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|[a-z]+teenth|"
    r"[a-z]+tieth|[a-z]+ty-[a-z]+)|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|[a-z]+ty)"
)
_DIVISION = r"(?:CHAPTER|CHAPITRE|KAPITEL|CAP[IÍ]TULO|CAPITOLO|HOOFDSTUK|BOOK|PART|ACT|LETTER|STAVE|CANTO)"
_HEADING = re.compile(
    rf"(?<=\n\n)[ \t]*(?:{_DIVISION} {_NUMBER}\b[^\n]{{0,120}}|[IVXLC]{{1,7}}\.?(?:[ \t]+[^\n]{{1,80}})?)\n",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"^Character set encoding:\s*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_LATIN = re.compile(rb"iso[- ]?(?:8859-1|latin-1)|latin-?1|windows-1252|cp-?1252", re.IGNORECASE)


def read(source: Source, base_dir: Path, tally: Tally) -> Iterator[Document]:
    """The books named by a path or glob, sorted. Raises DataError."""
    for path in find_files(source.path, base_dir):
        origin = name_of(path, base_dir)
        book = strip_licence(_book_text(path, tally.read).replace("\r\n", "\n"), origin, tally)
        if source.document == "paragraphs":
            yield from in_passages(iter([book]), origin, source.document_chars, tally)
        elif source.document == "line":
            yield from (Document(line, origin, part) for part, line in enumerate(book.split("\n"), 1) if line.strip())
        else:
            parts = chapters(book) if source.document == "auto" else [book]
            numbered = enumerate(parts, 1 if len(parts) > 1 else 0)
            yield from (Document(text, origin, part) for part, text in numbered)


def _book_text(path: Path, heard: Heard) -> str:
    """A book in UTF-8, or in the Latin encoding that its own header names."""
    try:
        text = whole_text(path)
    except DataError:
        refuse_large(path)
        raw = b"".join(raw_blocks(path))
        named = _CHARSET.search(raw[:20_000])
        if named is None or not _LATIN.fullmatch(named[1]) or b"\0" in raw:
            raise
        text = raw.decode("cp1252", errors="strict" if b"1252" in named[1] else "replace")
    heard(path.stat().st_size)
    return text


def strip_licence(text: str, origin: str, tally: Tally) -> str:
    """The book without Project Gutenberg's header, footer and credits; a text without markers comes back whole."""
    end = _END.search(text)
    starts = list(_START.finditer(text, 0, end.start() if end else len(text)))
    start = starts[-1].end() if starts else 0
    if not starts and not end:
        tally.change("books without Project Gutenberg's markers, taken whole", 1)
        return text
    book = text[start : end.start() if end else len(text)].strip("\n")
    tally.remove("licence texts of Project Gutenberg", f"{origin}: {text[:start].strip()}")
    while credits_ := _CREDITS.match(book):
        tally.remove("credits of Project Gutenberg", credits_[0])
        book = book[credits_.end() :]
    return book.strip("\n")


def chapters(book: str) -> list[str]:
    """A book cut before its chapter headings; the whole book where there are fewer than two chapters."""
    cuts = [0, *(heading.start() for heading in _HEADING.finditer(book) if heading.start()), len(book)]
    parts: list[str] = []
    begin = 0
    for place in cuts[1:]:
        if place - begin >= CHAPTER_CHARS:
            parts.append(book[begin:place])
            begin = place
    if begin < len(book):
        # What follows the last chapter is too short to stand alone.
        parts[-1:] = [(parts[-1] if parts else "") + book[begin:]]
    return parts or [book]

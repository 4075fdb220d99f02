"""Three texts that are there without a network, each in two sizes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

from msopt_tui.config.schema import Source
from msopt_tui.data.sources import bible_verses, python_docstrings, python_topics
from msopt_tui.data.tally import Tally

PIECE_CHARS = 1_000
"""Text is drawn in pieces of whole paragraphs of at least so many characters."""
VALIDATION_CHARS, TEST_CHARS = 5_000, 50_000
TRAIN_CHARS = {"large": 1_000_000, "small": 24_000}
"""The small one is passed over many times within the budget: what overfits."""
HERE = Path()


def _topics() -> Iterator[str]:
    for document in python_topics.read(Source(kind="python-topics"), HERE, Tally()):
        yield from document.text.split("\n\n")


def _docstrings() -> Iterator[str]:
    for document in python_docstrings.read(Source(kind="python-docstrings"), HERE, Tally()):
        yield from document.text.split("\n\n")


def _verses() -> Iterator[str]:
    for row in bible_verses.rows(Source(kind="bible-verses"), HERE, Tally()):
        yield str(row.values["target"])


CORPORA: dict[str, Callable[[], Iterator[str]]] = {"topics": _topics, "docstrings": _docstrings, "bible": _verses}


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text and how much of it validates and tests."""

    path: Path
    validation_fraction: float
    test_fraction: float


def corpus(name: str, size: str) -> Corpus:
    """The text as a file, written once; the same on every machine with the same packages."""
    path = Path(gettempdir()) / "msopt-tui-refinement" / f"{name}-{size}.txt"
    wanted = VALIDATION_CHARS + TEST_CHARS + TRAIN_CHARS[size]
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_drawn(name, wanted), encoding="utf-8")
    chars = len(path.read_text(encoding="utf-8"))
    return Corpus(path, round(VALIDATION_CHARS / chars, 4), round(TEST_CHARS / chars, 4))


def _drawn(name: str, chars: int) -> str:
    pieces = list(_pieces(CORPORA[name]()))
    random.Random(0).shuffle(pieces)
    taken: list[str] = []
    while pieces and sum(map(len, taken)) < chars:
        taken.append(pieces.pop())
    return "\n\n".join(taken)


def _pieces(paragraphs: Iterator[str]) -> Iterator[str]:
    piece: list[str] = []
    for paragraph in paragraphs:
        if paragraph.strip():
            piece.append(paragraph.strip("\n"))
        if sum(map(len, piece)) >= PIECE_CHARS:
            yield "\n\n".join(piece)
            piece = []

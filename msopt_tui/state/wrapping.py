"""Pieces of text of different kinds as lines of a width. Pure; whoever calls says how wide text is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

Kind = TypeVar("Kind")
BREAK = "↵"
"""Stands where the text itself has a line break, so that it is not taken for one of the screen's."""
_PIECE = re.compile(r"\n| *[^ \n]+| +")


def wrapped(
    spans: Iterable[tuple[str, Kind]], width: int, broken: Kind, cells: Callable[[str], int]
) -> list[list[tuple[str, Kind]]]:
    """Lines of at most `width` cells (at least 2), broken at spaces where there are any, and at line breaks.

    `broken` is the kind of the mark at a line break, `cells` says how wide a text is. Nothing but spaces at the
    beginning of a line is lost.
    """
    width = max(width, 2)
    lines: list[list[tuple[str, Kind]]] = []
    line: list[tuple[str, Kind]] = []
    used = 0
    for text, kind in spans:
        for piece in _PIECE.findall(text):
            if piece == "\n":
                # After a full line the break goes without saying.
                lines.append([*line, (BREAK, broken)] if used < width else line)
                line, used = [], 0
                continue
            if used and used + cells(piece) > width:
                lines.append(line)
                line, used, piece = [], 0, piece.lstrip(" ")
            *full, piece = chopped(piece, width, cells)
            lines.extend([[(part, kind)] for part in full])
            _append(line, piece, kind)
            used += cells(piece)
    return [*lines, line] if line or not lines else lines


def chopped(text: str, width: int, cells: Callable[[str], int]) -> list[str]:
    """A text in parts of at most `width` cells (at least 2), wherever that cuts it; one part if it fits."""
    if cells(text) <= width:
        return [text]
    parts, start, used = [], 0, 0
    for at, character in enumerate(text):
        size = cells(character)
        if used + size > width:
            parts.append(text[start:at])
            start, used = at, 0
        used += size
    return [*parts, text[start:]]


def _append(line: list[tuple[str, Kind]], text: str, kind: Kind) -> None:
    """Add text to a line: to its last span where that is of the same kind."""
    if line and line[-1][1] == kind:
        line[-1] = (line[-1][0] + text, kind)
    elif text:
        line.append((text, kind))


def usual_cells(text: str) -> int:
    """How wide most terminals show a text, by the Unicode database alone."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

"""Long text in documents of a bearable length: whole paragraphs or whole lines, cut elsewhere only where it must be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

PATIENCE = 4
"""A passage without blank line is cut after so many times its wanted length."""
LINE_CHARS = 1 << 18
"""A line longer than this is cut (characters)."""

_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")


def passages(blocks: Iterable[str], chars: int) -> Iterator[tuple[str, bool]]:
    """Text in passages that end at the first blank line after `chars` characters, and whether one had to end elsewhere.

    Where no blank line comes in time, a passage ends at the last line break, else at the last space, else anywhere.
    Put together the passages are the text.
    """
    rest = ""
    for block in blocks:
        rest += block
        start = 0
        while end := _end(rest, start, chars):
            yield rest[start : abs(end)], end < 0
            start = abs(end)
        rest = rest[start:]
    if rest:
        yield rest, False


def _end(text: str, start: int, chars: int) -> int:
    """Where the passage at `start` ends, negative for a forced end; 0 where more text must be seen first."""
    longest = start + PATIENCE * chars
    found = _BLANK_LINE.search(text, start + chars, longest)
    if found:
        return found.end()
    if len(text) < longest:
        return 0
    for space in ("\n", " "):
        place = text.rfind(space, start + chars, longest)
        if place > 0:
            return -(place + 1)
    return -longest


def short_lines(blocks: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The lines of a text without their line break, and whether one was cut because it is longer than LINE_CHARS."""
    rest = ""
    for block in blocks:
        *whole, rest = (rest + block).split("\n")
        for line in whole:
            yield from _cut(line)
        while len(rest) > LINE_CHARS:
            yield rest[:LINE_CHARS], True
            rest = rest[LINE_CHARS:]
    if rest:
        yield from _cut(rest)


def _cut(line: str) -> Iterator[tuple[str, bool]]:
    for start in range(0, max(len(line), 1), LINE_CHARS):
        yield line[start : start + LINE_CHARS], start + LINE_CHARS < len(line)

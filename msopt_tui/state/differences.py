"""Which words of two texts differ: what a model wrote beside what it should have written. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

MAX_WORDS = 1_000
"""Longer texts are not compared: it takes the square of their length."""
_EASTERN = "\u3040-\u30ff\u3400-\u9fff"
"""Kana and Han are written without spaces: each character counts as a word."""
_WORD = re.compile(rf"(?:[{_EASTERN}]|[^\W{_EASTERN}]+|[^\w\s])\s*|\s+")


class Part(NamedTuple):
    """A stretch of one of the two texts."""

    text: str
    differs: bool
    """Whether its words are missing from the other text at this place."""


@lru_cache(512)
def differences(one: str, other: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Both texts in parts; the parts of a text joined are the text, those that do not differ are in both.

    White space never makes a difference. Where no word is shared nothing is marked: marks on everything say nothing.
    """
    ours, theirs = _WORD.findall(one), _WORD.findall(other)
    if max(len(ours), len(theirs)) > MAX_WORDS:
        return (Part(one, False),), (Part(other, False),)
    matcher = SequenceMatcher(None, [word.strip() for word in ours], [word.strip() for word in theirs], autojunk=False)
    left: list[Part] = []
    right: list[Part] = []
    shared = 0
    for what, start, end, other_start, other_end in matcher.get_opcodes():
        same = what == "equal"
        shared += sum(1 for word in ours[start:end] if word.strip()) if same else 0
        left += _parts("".join(ours[start:end]), not same)
        right += _parts("".join(theirs[other_start:other_end]), not same)
    if not shared:
        return (Part(one, False),), (Part(other, False),)
    return tuple(left), tuple(right)


def _parts(text: str, differs: bool) -> list[Part]:
    """A stretch as parts, the white space at the end of one that differs apart."""
    if not differs:
        return [Part(text, False)] if text else []
    words = text.rstrip()
    space = text[len(words) :]
    return [*([Part(words, True)] if words else []), *([Part(space, False)] if space else [])]

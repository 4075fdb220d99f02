"""Texts cut into words where a script has spaces, and into characters where it has none."""

from __future__ import annotations

import unicodedata

import regex

# Han, kana and bopomofo with the marks they share (々, ー), and what Unicode's line breaking (UAX 14) calls SA, scripts
# whose words only a dictionary finds: Thai, Lao, Khmer, Burmese and their neighbours. Not Korean, which has spaces.
_NO_SPACES = r"[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{lb=SA}]&&[\p{L}\p{N}]]"
_IN_WORDS = r"\p{L}\p{M}\p{N}"
_JOINERS = r"\u200c\u200d"

_WORD = regex.compile(
    rf"{_NO_SPACES}\p{{M}}*|[{_IN_WORDS}--{_NO_SPACES}][{_IN_WORDS}{_JOINERS}--{_NO_SPACES}]*", regex.VERSION1
)
_SEGMENT = regex.compile(rf"{_NO_SPACES}\p{{M}}*|[\S--{_NO_SPACES}]+", regex.VERSION1)


def words(text: str) -> list[str]:
    """Lower-cased runs of letters, marks and digits; in scripts without spaces every letter with its marks.

    Everything else separates and is left out. Canonically equal texts have equal words (NFC); a joiner inside a word
    (Persian, Hindi) stays. For ASCII these are the tokens of rouge_score's default tokenizer: runs of a-z and 0-9.
    """
    return _WORD.findall(unicodedata.normalize("NFC", text.lower()))


def segments(text: str) -> list[str]:
    """Letters of scripts without spaces one by one, everything else in the runs that white space leaves.

    The mixed segmentation of the CMRC 2018 and MLQA evaluation scripts, which know Han characters only; punctuation
    is left to the caller.
    """
    return _SEGMENT.findall(text)

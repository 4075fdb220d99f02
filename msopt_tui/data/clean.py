"""Cleaning: each rule is a pure function that counts what it did, so that nothing is dropped silently."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Literal

from msopt_tui.data.document import Document
from msopt_tui.data.duplicates import drop_repeated_paragraphs, is_new
from msopt_tui.data.language import LanguageFilter
from msopt_tui.data.tally import Tally

Deduplicate = Literal["off", "document", "paragraph"]

# The line boundaries of str.splitlines: a form feed between two words is a break, not nothing.
_LINE_BREAK = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Possessive and anchored on the left: linear also on a line of a million spaces.
_TRAILING = re.compile(r"(?<![^\S\n])[^\S\n]++(?=\n|\Z)")


def unify_line_breaks(text: str) -> tuple[str, int]:
    r"""Every line break as `\n`; counts the breaks that were something else."""
    return _LINE_BREAK.subn("\n", text)


def drop_controls(text: str) -> tuple[str, int]:
    r"""C0 and C1 control characters other than `\t` and `\n` go; counts them."""
    return _CONTROL.subn("", text)


def compose(text: str) -> tuple[str, int]:
    """Unicode normalisation form C, so that equal text has equal code points; counts 1 for a text it changed."""
    if unicodedata.is_normalized("NFC", text):
        return text, 0
    return unicodedata.normalize("NFC", text), 1


def strip_trailing(text: str) -> tuple[str, int]:
    """White space at line ends and blank lines around the text go; counts the characters."""
    shorter = _TRAILING.sub("", text).strip("\n")
    return shorter, len(text) - len(shorter)


def normalise(text: str, tally: Tally) -> str:
    """A text in the one form in which texts are compared; doing it twice changes nothing more."""
    text, breaks = unify_line_breaks(text)
    plain, controls = drop_controls(text)
    if controls:
        first = _CONTROL.search(text)
        assert first is not None
        tally.remove("control characters", text[max(0, first.start() - 20) : first.end() + 20], controls)
    text, composed = compose(plain)
    text, trailing = strip_trailing(text)
    tally.change("line breaks unified", breaks)
    tally.change("documents put into NFC", composed)
    tally.change("characters of white space stripped", trailing)
    return text


class Cleaner:
    """Decides document by document what is worth learning from; remembers what it has seen."""

    def __init__(
        self,
        deduplicate: Deduplicate,
        min_chars: int,
        max_chars: int = 0,
        languages: LanguageFilter | None = None,
    ) -> None:
        self.tally = Tally()
        self._deduplicate = deduplicate
        self._min_chars = max(1, min_chars)
        self._max_chars = max_chars
        self._languages = languages
        self._seen_documents: set[bytes] = set()
        self._seen_paragraphs: set[bytes] = set()

    def clean(self, document: Document) -> Document | None:
        """The document as it is learned from; `None`, and counted, where it is not."""
        text = normalise(document.text, self.tally)
        why = self._repeats(text) if text else "empty documents"
        if not why and self._deduplicate == "paragraph":
            text, dropped = drop_repeated_paragraphs(text, self._seen_paragraphs)
            for paragraph in dropped:
                self.tally.remove("repeated paragraphs", paragraph)
            why = "" if text else "documents of nothing but repeated paragraphs"
        why = why or self._bounds(text)
        note = ""
        if not why and self._languages and (language := self._languages.unwanted(text)):
            why, note = "documents in other languages", f" ({language})"
        if why:
            self.tally.remove(why, document.label + note)
            return None
        return replace(document, text=text)

    def _repeats(self, text: str) -> str:
        new = self._deduplicate == "off" or is_new(text, self._seen_documents)
        return "" if new else "repeated documents"

    def _bounds(self, text: str) -> str:
        if len(text) < self._min_chars:
            return "documents shorter than min_chars"
        if self._max_chars and len(text) > self._max_chars:
            return "documents longer than max_chars"
        return ""

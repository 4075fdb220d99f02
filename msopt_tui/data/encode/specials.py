"""`Specials`: special tokens in a text that a template wrote, told apart from those that a person wrote in a turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.records.record import Message

_MARK = "\ufdd0"
"""A character that Unicode keeps out of texts; so many of them as no turn has break a special token written in one."""

_NOTHING = "(?!)"
"""Matches nowhere."""


class Specials:
    """The special tokens of a tokenizer in a text that a template wrote."""

    def __init__(self, tokens: Tokeniser) -> None:
        added = tokens.tokenizer.get_added_tokens_decoder()
        # A single character stays text: no mark could break it.
        self._ids = {name: token for token, name in tokens.specials.items() if len(name) > 1}
        self._strips_before = {token for token in tokens.specials if added[token].lstrip}
        self._strips_after = {token for token in tokens.specials if added[token].rstrip}
        self.pattern = _any_of(self._ids)

    def guard(self, messages: Sequence[Message]) -> tuple[list[Message], str]:
        """The chat with every special token that is written in a turn broken by a mark, and the mark.

        Taken out again after the template has written the chat and its own tokens are found, it leaves foreign text as
        it was: text, that no turn can end with.
        """
        runs = (run for message in messages for run in re.findall(f"{_MARK}+", message.content))
        mark = _MARK * (max(map(len, runs), default=0) + 1)
        return [Message(message.role, self._broken(message.content, mark)) for message in messages], mark

    def _broken(self, text: str, mark: str) -> str:
        while self.pattern.search(text):  # once is not enough where one token's end is another's beginning
            text = self.pattern.sub(lambda found: f"{found[0][0]}{mark}{found[0][1:]}", text)
        return text

    def split(self, text: str) -> Iterator[str | int]:
        """Text and ids of special tokens, in order; no text is empty."""
        place = 0
        for found in self.pattern.finditer(text):
            token = self._ids[found[0]]
            before = text[place : found.start()]
            before = before.rstrip() if token in self._strips_before else before
            if before:
                yield before
            yield token
            place = self._end(text, found)
        if place < len(text):
            yield text[place:]

    def outside(self, text: str, place: int) -> int:
        """A place in a text, or the beginning of the special token that it lies in."""
        longest = max(map(len, self._ids), default=0)
        for found in self.pattern.finditer(text, max(0, place - longest)):
            if found.start() < place < found.end():
                return found.start()
            if found.start() >= place:
                break
        return place

    def last_end(self, text: str, begin: int, end: int) -> int:
        """Where the last special token in a stretch ends, if only white space follows it; else the stretch's end."""
        last = end
        for found in self.pattern.finditer(text, begin, end):
            last = self._end(text, found)
        return end if text[last:end].strip() else last

    def next_end(self, text: str, begin: int) -> int:
        """Where the first special token ends, if only white space stands before it; else `begin`."""
        found = self.pattern.search(text, begin)
        return self._end(text, found) if found and not text[begin : found.start()].strip() else begin

    def _end(self, text: str, found: re.Match[str]) -> int:
        """With the white space that some tokens take with them."""
        if self._ids[found[0]] not in self._strips_after:
            return found.end()
        return len(text) - len(text[found.end() :].lstrip())


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Finds the longest of some texts. By first characters: some tokenizers have hundreds, and most begin alike."""
    rest: dict[str, list[str]] = {}
    for name in sorted(names, key=len, reverse=True):
        rest.setdefault(name[0], []).append(re.escape(name[1:]))
    by_first = (f"{re.escape(first)}(?:{'|'.join(others)})" for first, others in rest.items())
    return re.compile("|".join(by_first) or _NOTHING)

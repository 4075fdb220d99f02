"""Chats as segments: in a model's own template, or in a plain format where it has none. Assistant turns are learned.

The plain format writes `<|user|>`, a line break and the turn, each role likewise, as ordinary text; the end token
stands after every answer:

    <|system|>⏎Be brief.⏎<|user|>⏎Hello!⏎<|assistant|>⏎Hi.[end]⏎<|user|>⏎…
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Protocol

from msopt_tui.data.encode.chat_template import Refused
from msopt_tui.data.encode.segments import Coded, Segment, length
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.records.record import Message
from msopt_tui.data.vocabulary import Vocabulary


class ChatFormat(Protocol):
    """How chats are written."""

    stops: frozenset[int]
    """Tokens that end a turn."""

    def row(self, messages: Sequence[Message]) -> list[Segment]:
        """A chat that ends with an answer, the answers supervised; never empty. Raises Refused."""

    def prompt(self, messages: Sequence[Message]) -> list[Segment]:
        """What stands before the answer to a chat. Raises Refused."""


class PlainChats:
    """The format for models without a template."""

    def __init__(self, vocabulary: Vocabulary, tokens: Tokeniser) -> None:
        self._begin = [Segment(token) for token in tokens.begin]
        self._end = vocabulary.end
        self.stops = frozenset([vocabulary.end])

    def row(self, messages: Sequence[Message]) -> list[Segment]:
        """See `ChatFormat`."""
        segments = list(self._begin)
        for number, message in enumerate(messages):
            is_answer = message.role == "assistant"
            is_last = number == len(messages) - 1
            segments += [
                self._marker(message.role, number),
                Segment(message.content, supervised=is_answer, cut="last" if is_last else "start"),
            ]
            if is_answer:
                segments.append(Segment(self._end, supervised=True, cut="last" if is_last else "start"))
        return segments

    def prompt(self, messages: Sequence[Message]) -> list[Segment]:
        """See `ChatFormat`."""
        *before, _, _ = self.row([*messages, Message("assistant", "")])
        return before

    def _marker(self, role: str, number: int) -> Segment:
        return Segment(f"\n<|{role}|>\n" if number else f"<|{role}|>\n", opens=number == 0)


def shorter(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """The chat without its oldest exchange, without its two oldest, and so on; what the system says first stays."""
    first = next((place for place, message in enumerate(messages) if message.role != "system"), len(messages))
    for place in range(first, len(messages) - 1):
        if messages[place].role == "assistant":
            yield [*messages[:first], *messages[place + 1 :]]


Build = Callable[[Sequence[Message]], list[list[Segment]]]
"""Writes the rows that a chat makes. Raises Refused."""


def shorten(
    messages: Sequence[Message], whole: Sequence[Sequence[Coded]], build: Build, tokens: Tokeniser, limit: int
) -> Sequence[Sequence[Coded]]:
    """The rows of a chat without as few of its oldest exchanges as lets all of them fit, or else without all but one.

    `whole` are the rows of all of it, which is too long. A template may refuse a chat that starts in the middle; then
    more goes, and where it takes none at all, nothing.
    """
    candidates = list(shorter(messages))
    found: list[list[Coded]] | None = None
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        try:
            coded = tokens.code(build(candidates[middle]))
        except Refused:
            low = middle + 1
            continue
        found = coded
        if all(length(row) <= limit for row in coded):
            high = middle
        else:
            low = middle + 1
    return whole if found is None else found


def learned_turns(segments: Sequence[Segment]) -> int:
    """How many stretches of a row are supervised."""
    return sum(flag for flag, _ in groupby(segment.supervised for segment in segments))

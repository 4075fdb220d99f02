"""`Written`: a chat as a template wrote it, and where in it the answers stand.

An answer begins where the chat up to it, written with what stands before an answer, ends, and ends where the chat up to
and with it ends. Many templates write a turn otherwise once another follows: Qwen 3 and DeepSeek R1 drop the thoughts
of past turns, Mistral puts the system's words before the last question. There the answer begins where both texts part,
if that is between the turn before it and its own text, or else with its own text; and it ends with the special token
after that. Where its own text stands is seen from the same chat with the edges of every turn marked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from msopt_tui.data.encode.chat_template import ChatTemplate, Refused
from msopt_tui.data.encode.specials import Specials
from msopt_tui.data.records.record import Message

Span = tuple[int, int]
_EDGE, _FIRST, _LAST = "\ufdd1", "\ufdd2", "\ufdd3"
"""Characters that Unicode keeps out of texts: `_EDGE`, the number of a turn, and which edge of it this is."""
_EDGES = re.compile(f"{_EDGE}([0-9]+)([{_FIRST}{_LAST}])")
NOWHERE = -1


class Written:
    """A chat, what a template wrote of it, and the answers in that."""

    def __init__(
        self, template: ChatTemplate, specials: Specials, messages: Sequence[Message], answer_next: bool = False
    ) -> None:
        """With what stands before an answer at its end if `answer_next`. Raises Refused."""
        self.text = template.render(messages, answer_next)
        self._template = template
        self._specials = specials
        self._messages = messages
        self._answer_next = answer_next

    def answers(self, turns: int) -> list[Span]:
        """Where the answers among the first so many turns stand, in order; those that the template hides are left out.

        Raises Refused where the template does not take a part of the chat.
        """
        spans: list[Span] = []
        for number, message in enumerate(self._messages[:turns]):
            if message.role == "assistant":
                begin = self._begin(number)
                end = self._end(number, begin)
                if (spans[-1][1] if spans else 0) <= begin < end:
                    spans.append((begin, end))
        return spans

    def last_answer(self) -> Span:
        """Where the answer stands that is the last turn. Raises Refused where the template hides it."""
        begin = self._begin(len(self._messages) - 1)
        end = self._specials.last_end(self.text, max(0, begin), len(self.text))
        if begin == NOWHERE or begin >= end:
            raise Refused("it does not write the last answer")
        return begin, end

    def _begin(self, number: int) -> int:
        """Where an answer begins, what the template puts before its text included; NOWHERE where it is hidden."""
        first, last = self._edges[number]
        if number == 0:  # nothing was asked, and many templates can't write a chat of no turns
            return first
        before = self._template.render(self._messages[:number], answer_next=True)
        if self.text.startswith(before):
            return len(before)
        floor = self._edges[number - 1][1]
        parted = self._specials.outside(self.text, common(before, self.text))
        if 0 <= floor <= parted <= (last if first == NOWHERE else first):
            return parted
        return first

    def _end(self, number: int, begin: int) -> int:
        """Where an answer that begins at `begin` ends, the token that ends the turn included."""
        through = self._template.render(self._messages[: number + 1])
        if self.text.startswith(through):
            return self._specials.last_end(self.text, begin, max(begin, len(through)))
        last = self._edges[number][1]
        return last if last == NOWHERE else self._specials.next_end(self.text, last)

    @cached_property
    def _edges(self) -> list[Span]:
        """Where the text of every turn begins and ends, white space around it left out; NOWHERE for what is not shown.

        Nowhere at all where the marks change what the template writes.
        """
        found = [[NOWHERE, NOWHERE] for _ in self._messages]
        nothing = [(NOWHERE, NOWHERE) for _ in self._messages]
        if any(_EDGE in message.content for message in self._messages):
            return nothing
        try:
            marked = self._template.render(
                [_marked(number, message) for number, message in enumerate(self._messages)], self._answer_next
            )
        except Refused:
            return nothing
        taken = 0
        for edge in _EDGES.finditer(marked):
            found[int(edge[1])][edge[2] == _LAST] = edge.start() - taken
            taken += len(edge[0])
        if _EDGES.sub("", marked) != self.text:
            return nothing
        return [(first, last) for first, last in found]


def _marked(number: int, message: Message) -> Message:
    """White space around the text stays outside: templates that cut it off still do."""
    text = message.content.strip()
    before, after = message.content.split(text, 1) if text else (message.content, "")
    return Message(message.role, f"{before}{_EDGE}{number}{_FIRST}{text}{_EDGE}{number}{_LAST}{after}")


def common(first: str, second: str) -> int:
    """Characters with which both begin."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(second)))

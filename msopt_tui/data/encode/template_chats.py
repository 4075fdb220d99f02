"""`TemplateChats`: a model's template writes the chat, and the answers are found in what it wrote.

An answer begins where the chat up to it, written with what stands before an answer, ends, and ends where the chat up to
and with it ends. Templates that write a past turn otherwise than the last one (Qwen 3 drops the thoughts) break
that; there the answer begins where both texts part, and ends with the first special token after its own text.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from msopt_tui.data.encode.chat_template import ChatTemplate, Refused
from msopt_tui.data.encode.segments import Cut, Segment
from msopt_tui.data.encode.specials import Specials
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.errors import DataError
from msopt_tui.data.pretrained import TOKENIZER_CONFIG
from msopt_tui.data.records.record import Message
from msopt_tui.data.vocabulary import Vocabulary

Span = tuple[int, int]


class TemplateChats:
    """The format of a model with a template."""

    def __init__(self, vocabulary: Vocabulary, tokens: Tokeniser) -> None:
        """Raises DataError where the template can't be read or fails on a chat of two turns."""
        self._template = ChatTemplate(vocabulary.chat_template, _bos(vocabulary, tokens), tokens.name(vocabulary.end))
        self._end = vocabulary.end
        self._specials = Specials(tokens)
        self._header = ""
        self.stops = frozenset([vocabulary.end])
        self._try()

    def row(self, messages: Sequence[Message]) -> list[Segment]:
        """See `ChatFormat`. An earlier answer that can't be found in what the template wrote is not supervised."""
        guarded, mark = self._specials.guard(messages)
        text = self._template.render(guarded)
        earlier = self._spans(guarded[:-1], text)
        begin, end = self._last_span(guarded, text)
        if begin == end or (earlier and begin < earlier[-1][1]):
            raise Refused("it does not write the last answer")
        segments = self._before_answer(text[:begin], mark, earlier)
        segments += self._split(text[begin:end], mark, "last", supervised=True)
        if isinstance(segments[-1].text, str):
            # Nothing that the template writes says that the turn is over: nobody could learn to stop.
            segments.append(Segment(self._end, supervised=True, cut="last"))
        return segments

    def prompt(self, messages: Sequence[Message]) -> list[Segment]:
        """See `ChatFormat`; cut into the same pieces as in a row, so that it has the same tokens."""
        guarded, mark = self._specials.guard(messages)
        text = self._template.render(guarded, answer_next=True)
        return self._before_answer(text, mark, self._spans(guarded, text))

    def _try(self) -> None:
        """Learn what stands before an answer and what ends one; a template may refuse the chat that is tried."""
        asked, answer = Message("user", "a"), Message("assistant", "b")
        try:
            before = self._template.render([asked])
            with_header = self._template.render([asked], answer_next=True)
            segments = self.row([asked, answer])
        except Refused as refused:
            if refused.meant:
                return
            raise DataError(f"the model's chat template fails on any chat: {refused.reason}") from refused
        if with_header.startswith(before):
            self._header = with_header[len(before) :]
        if isinstance(segments[-1].text, int):
            self.stops |= {segments[-1].text}

    def _last_span(self, messages: Sequence[Message], text: str) -> Span:
        begin = self._begin_of(messages, len(messages) - 1, text)
        return begin, max(begin, self._specials.last_end(text, begin, len(text)))

    def _spans(self, messages: Sequence[Message], text: str) -> list[Span]:
        """Where the answers stand in what the template wrote of this chat and of what comes after it, in order."""
        spans: list[Span] = []
        for number, message in enumerate(messages):
            if message.role == "assistant":
                begin = self._begin_of(messages, number, text)
                end = self._end_of(messages, number, text, begin)
                if (spans[-1][1] if spans else 0) <= begin < end:
                    spans.append((begin, end))
        return spans

    def _begin_of(self, messages: Sequence[Message], number: int, text: str) -> int:
        if number == 0:
            # Nothing was asked; many templates can't write a chat of no turns.
            return max(0, text.find(messages[0].content.strip()))
        before = self._template.render(messages[:number], answer_next=True)
        return len(before) if text.startswith(before) else _common(before, text)

    def _end_of(self, messages: Sequence[Message], number: int, text: str, begin: int) -> int:
        through = self._template.render(messages[: number + 1])
        if text.startswith(through):
            return max(begin, self._specials.last_end(text, begin, len(through)))
        content = messages[number].content.strip()
        found = text.find(content, begin)
        after = max(begin, found + len(content))
        special = self._specials.pattern.search(text, after)
        if found >= 0:
            return special.end() if special and not text[after : special.start()].strip() else after
        # Part of it may be left out, such as thoughts; what is there instead is none of it.
        shown = text[begin : special.start()].strip() if special else ""
        return special.end() if special and shown and shown in content else begin

    def _before_answer(self, text: str, mark: str, answers: Sequence[Span]) -> list[Segment]:
        """What stands before an answer: a token that begins the text and what marks the answer as one are never cut."""
        segments: list[Segment] = []
        place = 0
        for begin, end in answers:
            segments += self._split(text[place:begin], mark, "start")
            segments += self._split(text[begin:end], mark, "start", supervised=True)
            place = end
        header = len(text) - len(self._header) if text.endswith(self._header) else len(text)
        segments += self._split(text[place:header], mark, "start")
        segments += self._split(text[max(place, header) :], mark, "keep")
        if segments and isinstance(segments[0].text, int):
            segments[0] = segments[0]._replace(cut="keep")
        return segments

    def _split(self, text: str, mark: str, cut: Cut, supervised: bool = False) -> list[Segment]:
        return [
            Segment(piece.replace(mark, "") if isinstance(piece, str) else piece, supervised, cut)
            for piece in self._specials.split(text)
        ]


def _bos(vocabulary: Vocabulary, tokens: Tokeniser) -> str:
    """The token that begins a text, also where only templates write it and the tokenizer does not."""
    if tokens.begin:
        return "".join(map(tokens.name, tokens.begin))
    settings = msgspec.json.decode(vocabulary.files.get(TOKENIZER_CONFIG, b"{}"), type=dict[str, object])
    named = settings.get("bos_token")
    text = named.get("content") if isinstance(named, dict) else named
    return text if isinstance(text, str) else ""


def _common(first: str, second: str) -> int:
    """Characters with which both begin."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(second)))

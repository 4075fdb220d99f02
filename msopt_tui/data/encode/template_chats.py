"""`TemplateChats`: a model's template writes the chat, and what it wrote is cut into segments at the answers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from msopt_tui.data.encode.chat_template import ChatTemplate, Refused
from msopt_tui.data.encode.segments import Cut, Segment
from msopt_tui.data.encode.specials import Specials
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.encode.written import Span, Written, common
from msopt_tui.data.errors import DataError
from msopt_tui.data.pretrained import TOKENIZER_CONFIG
from msopt_tui.data.records.record import Message
from msopt_tui.data.vocabulary import Vocabulary


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
        written = Written(self._template, self._specials, guarded)
        begin, end = written.last_answer()
        earlier = [span for span in written.answers(len(messages) - 1) if span[1] <= begin]
        segments = self._before_answer(written.text[:begin], mark, earlier)
        segments += self._split(written.text[begin:end], mark, "last", supervised=True)
        if isinstance(segments[-1].text, str):
            # Nothing that the template writes says that the turn is over: nobody could learn to stop.
            segments.append(Segment(self._end, supervised=True, cut="last"))
        return segments

    def prompt(self, messages: Sequence[Message]) -> list[Segment]:
        """See `ChatFormat`; cut into the same pieces as in a row, so that it has the same tokens."""
        guarded, mark = self._specials.guard(messages)
        written = Written(self._template, self._specials, guarded, answer_next=True)
        return self._before_answer(written.text, mark, written.answers(len(messages)))

    def _try(self) -> None:
        """Learn what stands before an answer and what ends one; a template may refuse the chat that is tried."""
        asked, answer = Message("user", "a"), Message("assistant", "b")
        try:
            without = self._template.render([asked])
            before = self._template.render([asked], answer_next=True)
            segments = self.row([asked, answer])
        except Refused as refused:
            if refused.meant:
                return
            raise DataError(f"the model's chat template fails on any chat: {refused.reason}") from refused
        self._header = before[self._specials.outside(before, common(without, before)) :]
        told = [segment.text for segment in segments if segment.supervised]
        last_words = max((place for place, text in enumerate(told) if str(text).strip() == answer.content), default=0)
        self.stops |= {token for token in told[last_words:] if isinstance(token, int)}

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

"""Examples for causal models: a prompt and its answer in one row, or a chat, of which only the answers are learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msopt_tui.config.schema import Config
from msopt_tui.data.encode import asked
from msopt_tui.data.encode.base import Example
from msopt_tui.data.encode.batches import ANSWER_CUT, TRUNCATED, Plan, RowEncoder
from msopt_tui.data.encode.chat_template import Refused
from msopt_tui.data.encode.chats import ChatFormat, PlainChats, learned_turns, shorten
from msopt_tui.data.encode.prompts import PromptTemplate
from msopt_tui.data.encode.segments import Coded, Segment, fit, length, prompt
from msopt_tui.data.encode.template_chats import TemplateChats
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.records.record import Chat, Message, Pair, Question, Record
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import dtype_for
from msopt_tui.data.vocabulary import Vocabulary

NO_ANSWER, REFUSED, NO_ROOM = (
    "records without an answer",
    "chats that the model's chat template does not take",
    "records whose prompt leaves no room for an answer",
)
"""What a tally calls records that give no example."""
UNLEARNED, AFTER_ANSWER = "answers that the chat template hides", "turns after the last answer left out"
"""What it calls what was left out of one."""


def chat_format(vocabulary: Vocabulary, tokens: Tokeniser) -> ChatFormat:
    """The model's own, or the plain one. Raises DataError where its template can't be read."""
    return TemplateChats(vocabulary, tokens) if vocabulary.chat_template else PlainChats(vocabulary, tokens)


class CausalEncoder(RowEncoder):
    """What prompts and chats have in common."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        super().__init__(Tokeniser(vocabulary))
        self.columns: Mapping[str, str] = {"input_ids": dtype_for(vocabulary.size), "supervised": "|u1"}
        self.packs = config.data.packing
        self.stops = frozenset([vocabulary.end])
        self._task = config.task.name
        self._end = vocabulary.end
        self._limit = config.data.max_length
        self._prompt_limit = self._limit - min(config.evaluate.max_new_tokens, self._limit // 2)
        """Leaves an answer the room that it may take, and a prompt at least half the row."""

    def spell(self, example: Example) -> list[tuple[str, bool]]:
        """See `Encoder`."""
        return self._tokens.spell(example.columns["input_ids"], example.columns["supervised"])

    def references(self, record: Record) -> list[str]:
        """See `Generative`."""
        return asked.references(record)

    def source_text(self, record: Record) -> str:
        """See `Generative`."""
        return asked.source_text(record)

    def record_of(self, text: str) -> Record:
        """See `Generative`."""
        return asked.record_of(self._task, text)

    def _examples(self, record: Record, rows: Sequence[Sequence[Coded]], tally: Tally) -> list[Example]:
        return self._example(record, rows[0], tally)

    def _example(self, record: Record, coded: Sequence[Coded], tally: Tally, shortened: bool = False) -> list[Example]:
        """`shortened` says that `coded` is no longer all of the record."""
        row = fit(coded, self._limit)
        if row is None:
            tally.remove(NO_ROOM, asked.source_text(record))
            return []
        truncated = row.truncated or shortened
        tally.change(TRUNCATED, truncated)
        tally.change(ANSWER_CUT, row.answer_cut)
        return [
            Example(
                columns={"input_ids": row.ids, "supervised": row.supervised},
                length=len(row.ids),
                supervised=sum(row.supervised),
                truncated=truncated,
                ended=row.ended,
            )
        ]


class AnswerEncoder(CausalEncoder):
    """Sources and questions, put in words by a template; the answer and the end token after it are learned."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        """Raises DataError for a `task.prompt` that can't be used."""
        super().__init__(config, vocabulary)
        self._template = PromptTemplate(config.task.name, config.task.prompt)

    def prompt_ids(self, record: Record) -> list[int]:
        """See `Generative`."""
        [coded] = self._tokens.code([self._before(record)])
        return prompt(coded, self._prompt_limit)

    def _before(self, record: Record) -> list[Segment]:
        begin = [Segment(token) for token in self._tokens.begin]
        first, *others = self._template.segments(record) or [Segment("")]
        return [*begin, first._replace(opens=True), *others]

    def _plan(self, record: Record, tally: Tally) -> Plan:
        assert isinstance(record, Pair | Question), "encoder_of gives chats to the other encoder"
        answer = asked.answer(record)
        if isinstance(record, Pair) and not answer.strip():
            tally.remove(NO_ANSWER, record.source)
            return []
        learned = [Segment(answer, supervised=True, cut="last"), Segment(self._end, supervised=True, cut="last")]
        return [[*self._before(record), *learned]]


class ChatEncoder(CausalEncoder):
    """Chats, of which every answer is learned. What is too long loses its oldest exchanges, then its oldest words."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        """Raises DataError where the model's chat template can't be read."""
        super().__init__(config, vocabulary)
        self._format = chat_format(vocabulary, self._tokens)
        self.stops = self._format.stops

    def prompt_ids(self, record: Record) -> list[int]:
        """See `Generative`."""
        assert isinstance(record, Chat), "encoder_of gives other records to the other encoder"
        messages, limit = asked.before_answer(record), self._prompt_limit

        def build(turns: Sequence[Message]) -> list[list[Segment]]:
            return [self._format.prompt(turns)]

        rows: Sequence[Sequence[Coded]] = self._tokens.code(build(messages))
        if length(rows[0]) > limit:
            rows = shorten(messages, rows, build, self._tokens, limit)
        return prompt(rows[0], limit)

    def _plan(self, record: Record, tally: Tally) -> Plan:
        assert isinstance(record, Chat), "encoder_of gives other records to the other encoder"
        messages = _to_last_answer(record)
        if not messages:
            tally.remove(NO_ANSWER, asked.source_text(record))
            return []
        try:
            segments = self._format.row(messages)
        except Refused as refused:
            tally.remove(REFUSED, f"{refused.reason}: {asked.source_text(record)}")
            return []
        answers = sum(message.role == "assistant" for message in messages)
        tally.change(UNLEARNED, answers - learned_turns(segments))
        tally.change(AFTER_ANSWER, len(record.messages) - len(messages))
        return [segments]

    def _examples(self, record: Record, rows: Sequence[Sequence[Coded]], tally: Tally) -> list[Example]:
        assert isinstance(record, Chat), "encoder_of gives other records to the other encoder"
        if length(rows[0]) <= self._limit:
            return self._example(record, rows[0], tally)
        [coded] = shorten(_to_last_answer(record), rows, self._build, self._tokens, self._limit)
        return self._example(record, coded, tally, shortened=True)

    def _build(self, messages: Sequence[Message]) -> list[list[Segment]]:
        return [self._format.row(messages)]


def _to_last_answer(chat: Chat) -> list[Message]:
    """The chat without what nobody answers at its end; empty where nobody answers at all."""
    place = asked.last_answer(chat.messages)
    return [] if place is None else chat.messages[: place + 1]

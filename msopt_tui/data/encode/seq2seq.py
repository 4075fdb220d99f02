"""Examples for encoder-decoder models: a source that is read and a target that is written.

As T5 has it: `source_prefix` stands before every source, and a question is `question: … context: …`. Of a chat the
turns before the last answer are the source, `user: …` and `assistant: …` a line each where there are several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msopt_tui.config.schema import Config
from msopt_tui.data.encode import asked
from msopt_tui.data.encode.base import Example
from msopt_tui.data.encode.batches import ANSWER_CUT, TRUNCATED, Plan, RowEncoder
from msopt_tui.data.encode.causal import AFTER_ANSWER, NO_ANSWER
from msopt_tui.data.encode.frame import Frame, frame
from msopt_tui.data.encode.segments import Coded, Segment, prompt
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.records.record import Chat, Message, Pair, Question, Record
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import dtype_for
from msopt_tui.data.vocabulary import Vocabulary


class Seq2SeqEncoder(RowEncoder):
    """Sources and targets, both framed as the tokenizer frames a text. A target that is cut has no end token."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        super().__init__(Tokeniser(vocabulary))
        self.columns: Mapping[str, str] = dict.fromkeys(("input_ids", "labels"), dtype_for(vocabulary.size))
        self.packs = False
        self.stops = frozenset([vocabulary.end])
        self._task = config.task.name
        self._prefix = config.task.source_prefix
        self._end = vocabulary.end
        self._frame = frame(vocabulary.tokenizer, 1)
        self._limit, self._target_limit = config.data.max_length, config.task.max_target_length

    def spell(self, example: Example) -> list[tuple[str, bool]]:
        """See `Encoder`: the source, then the target."""
        source, target = example.columns["input_ids"], example.columns["labels"]
        return [*self._tokens.spell(source, [0] * len(source)), *self._tokens.spell(target, [1] * len(target))]

    def prompt_ids(self, record: Record) -> list[int]:
        """See `Generative`: the framed source."""
        [coded] = self._tokens.code([self._source(record)])
        return self._framed(coded)

    def references(self, record: Record) -> list[str]:
        """See `Generative`."""
        return asked.references(record)

    def source_text(self, record: Record) -> str:
        """See `Generative`."""
        return asked.source_text(record)

    def record_of(self, text: str) -> Record:
        """See `Generative`."""
        return asked.record_of(self._task, text)

    def _source(self, record: Record) -> list[Segment]:
        if isinstance(record, Chat):
            # What was said last matters most: the beginning is cut, but not the prefix.
            prefix = [Segment(self._prefix)] if self._prefix else []
            return [*prefix, Segment(conversation(asked.before_answer(record)), cut="start")]
        if isinstance(record, Question):
            context = f" context: {record.context}" if record.context else ""
            return [Segment(f"{self._prefix}question: {record.question}{context}", cut="end")]
        assert isinstance(record, Pair), "encoder_of gives other records to other encoders"
        return [Segment(self._prefix + record.source, cut="end")]

    def _plan(self, record: Record, tally: Tally) -> Plan:
        if isinstance(record, Chat):
            found = asked.references(record)
            target = found[0] if found else ""
        else:
            assert isinstance(record, Pair | Question), "encoder_of gives other records to other encoders"
            target = asked.answer(record)
        if not target.strip() and not isinstance(record, Question):
            tally.remove(NO_ANSWER, asked.source_text(record))
            return []
        return [self._source(record), [Segment(target)]]

    def _framed(self, source: Sequence[Coded]) -> list[int]:
        return self._frame.lay(prompt(source, self._limit - self._frame.extra))[0]

    def _examples(self, record: Record, rows: Sequence[Sequence[Coded]], tally: Tally) -> list[Example]:
        source, target = rows
        input_ids = self._framed(source)
        whole = with_end(self._frame, target[0].ids, self._end)
        labels = whole[: self._target_limit]
        cut = len(labels) < len(whole)
        truncated = cut or sum(len(part.ids) for part in source) + self._frame.extra > self._limit
        tally.change(TRUNCATED, truncated)
        tally.change(ANSWER_CUT, cut)
        if isinstance(record, Chat):
            tally.change(AFTER_ANSWER, len(record.messages) - len(asked.before_answer(record)) - 1)
        return [
            Example(
                columns={"input_ids": input_ids, "labels": labels},
                length=len(input_ids) + len(labels),
                supervised=len(labels),
                truncated=truncated,
                ended=not cut,
            )
        ]


def with_end(around: Frame, ids: Sequence[int], end: int) -> list[int]:
    """A framed target up to the end token, which not every frame puts there."""
    framed, _ = around.lay(ids)
    return framed if framed[-1] == end else [*framed, end]


def conversation(messages: Sequence[Message]) -> str:
    """Turns as one text: what is asked alone if it is one turn, else a line for each with who says it."""
    if len(messages) == 1:
        return messages[0].content
    return "\n".join(f"{message.role}: {message.content}" for message in messages)

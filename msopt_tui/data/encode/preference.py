"""Examples for DPO: a better and a worse answer to the same prompt, each in a row of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msopt_tui.config.schema import Config
from msopt_tui.data.encode.base import Example
from msopt_tui.data.encode.batches import ANSWER_CUT, TRUNCATED, Plan, RowEncoder
from msopt_tui.data.encode.causal import NO_ROOM, REFUSED, chat_format
from msopt_tui.data.encode.chat_template import Refused
from msopt_tui.data.encode.chats import shorten
from msopt_tui.data.encode.segments import Coded, Row, Segment, fit, length
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.records.record import Message, Preference, Record
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import dtype_for
from msopt_tui.data.vocabulary import Vocabulary

SAME_ANSWERS = "pairs whose answers are the same"
"""What a tally calls pairs that give no example: nothing in them is better."""
BETWEEN = "\n"
"""Parts the answers where both are spelled."""


class PreferenceEncoder(RowEncoder):
    """Chats that end with one answer or the other; only that answer is learned, whatever else was answered before."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        """Raises DataError where the model's chat template can't be read."""
        super().__init__(Tokeniser(vocabulary))
        ids = dtype_for(vocabulary.size)
        self.columns: Mapping[str, str] = {
            "chosen_ids": ids,
            "chosen_supervised": "|u1",
            "rejected_ids": ids,
            "rejected_supervised": "|u1",
        }
        self.packs = False
        self._format = chat_format(vocabulary, self._tokens)
        self._limit = config.data.max_length

    def spell(self, example: Example) -> list[tuple[str, bool]]:
        """See `Encoder`: the prompt, the better answer, a line break, and the worse one without its prompt."""
        columns = example.columns
        worse = self._tokens.spell(columns["rejected_ids"], columns["rejected_supervised"])
        return [
            *self._tokens.spell(columns["chosen_ids"], columns["chosen_supervised"]),
            (BETWEEN, False),
            *(piece for piece in worse if piece[1]),
        ]

    def _plan(self, record: Record, tally: Tally) -> Plan:
        assert isinstance(record, Preference), "encoder_of gives other records to other encoders"
        if record.chosen == record.rejected:
            tally.remove(SAME_ANSWERS, record.chosen)
            return []
        try:
            return self._rows(record, record.prompt)
        except Refused as refused:
            tally.remove(REFUSED, f"{refused.reason}: {_shown(record)}")
            return []

    def _rows(self, record: Preference, prompt: Sequence[Message]) -> list[list[Segment]]:
        """The row of each answer."""
        rows = []
        for answer in (record.chosen, record.rejected):
            row = self._format.row([*prompt, Message("assistant", answer)])
            rows.append([segment._replace(supervised=segment.cut == "last") for segment in row])
        return rows

    def _examples(self, record: Record, rows: Sequence[Sequence[Coded]], tally: Tally) -> list[Example]:
        assert isinstance(record, Preference), "encoder_of gives other records to other encoders"
        truncated = max(map(length, rows)) > self._limit
        if truncated:
            rows = shorten(record.prompt, rows, lambda turns: self._rows(record, turns), self._tokens, self._limit)
        chosen, rejected = (fit(row, limit) for row, limit in zip(rows, self._limits(rows), strict=True))
        if chosen is None or rejected is None:
            tally.remove(NO_ROOM, _shown(record))
            return []
        tally.change(TRUNCATED, truncated)
        tally.change(ANSWER_CUT, chosen.answer_cut + rejected.answer_cut)
        return [_example(chosen, rejected, truncated)]

    def _limits(self, rows: Sequence[Sequence[Coded]]) -> list[int]:
        """How long each row may be so that both prompts are cut alike: the shorter answer may not keep more of it."""
        answers = []
        for row in rows:
            kept = sum(len(part.ids) for part in row if part.segment.cut == "keep")
            answer = sum(len(part.ids) for part in row if part.segment.cut == "last")
            answers.append(min(answer, self._limit - kept))
        return [self._limit - max(answers) + answer for answer in answers]


def _example(chosen: Row, rejected: Row, truncated: bool) -> Example:
    return Example(
        columns={
            "chosen_ids": chosen.ids,
            "chosen_supervised": chosen.supervised,
            "rejected_ids": rejected.ids,
            "rejected_supervised": rejected.supervised,
        },
        length=len(chosen.ids) + len(rejected.ids),
        supervised=1,
        truncated=truncated,
        ended=chosen.ended and rejected.ended,
    )


def _shown(record: Preference) -> str:
    return record.prompt[-1].content if record.prompt else record.chosen

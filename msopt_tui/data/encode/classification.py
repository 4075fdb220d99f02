"""Examples for a network with a head that tells classes apart: a text or two, and the number of the class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msopt_tui.config.schema import Config
from msopt_tui.data.encode.base import Example
from msopt_tui.data.encode.batches import TRUNCATED, Plan, RowEncoder
from msopt_tui.data.encode.frame import frame, plain_frame
from msopt_tui.data.encode.segments import Coded, Segment
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.records.record import Labelled, Record
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import dtype_for
from msopt_tui.data.vocabulary import Vocabulary

UNKNOWN_LABEL = "texts of a class that is none of the project's"
"""What a tally calls texts that give no example."""


class ClassificationEncoder(RowEncoder):
    """Texts for both families that have such heads.

    An encoder reads them as its tokenizer frames them, `[CLS] a [SEP] b [SEP]`. A causal model reads `a end`, or
    `a end b end`, and its head reads the last token, which has seen all others.
    """

    def __init__(self, config: Config, vocabulary: Vocabulary, labels: Sequence[str]) -> None:
        super().__init__(Tokeniser(vocabulary))
        self._labels = list(labels)
        self._numbers = {label: number for number, label in enumerate(labels)}
        self._limit = config.data.max_length
        if vocabulary.family == "causal":
            begin, between, end = self._tokens.begin, vocabulary.between, vocabulary.end
            self._single, self._pair = (plain_frame(begin, between, end, texts) for texts in (1, 2))
        else:
            self._single, self._pair = (frame(vocabulary.tokenizer, texts) for texts in (1, 2))
        types = {"token_type_ids": "|u1"} if self._pair.typed else {}
        self.columns: Mapping[str, str] = {"input_ids": dtype_for(vocabulary.size), **types, "label": "<i4"}
        self.packs = False

    def spell(self, example: Example) -> list[tuple[str, bool]]:
        """See `Encoder`; the class is the piece that is learned."""
        ids = example.columns["input_ids"]
        return [*self._tokens.spell(ids, [0] * len(ids)), (self._labels[example.columns["label"][0]], True)]

    def _plan(self, record: Record, tally: Tally) -> Plan:
        assert isinstance(record, Labelled), "encoder_of gives other records to other encoders"
        if record.label not in self._numbers:
            tally.remove(UNKNOWN_LABEL, f"{record.label}: {record.text}")
            return []
        texts = [record.text, record.text_pair] if record.text_pair else [record.text]
        return [[Segment(text)] for text in texts]

    def _examples(self, record: Record, rows: Sequence[Sequence[Coded]], tally: Tally) -> list[Example]:
        assert isinstance(record, Labelled), "encoder_of gives other records to other encoders"
        texts = [part.ids for row in rows for part in row]
        around = self._pair if len(texts) > 1 else self._single
        kept = longest_first(texts, self._limit - around.extra)
        truncated = kept != texts
        tally.change(TRUNCATED, truncated)
        ids, types = around.lay(*kept)
        columns = {"input_ids": ids, "label": [self._numbers[record.label]]}
        if self._pair.typed:
            columns["token_type_ids"] = types
        return [Example(columns=columns, length=len(ids), supervised=1, truncated=truncated)]


def longest_first(texts: Sequence[Sequence[int]], room: int) -> list[Sequence[int]]:
    """One text or two cut at the end to `room` tokens together: the longer one, then both alike."""
    first, *rest = texts
    second = len(rest[0]) if rest else 0
    left = min(len(first), max(room - second, room - room // 2))
    return [first[:left], *(other[: room - left] for other in rest)]

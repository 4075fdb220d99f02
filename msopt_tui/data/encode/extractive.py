"""Examples for extractive question answering: windows of a context, and where in them the answer stands.

A context that does not fit one row is read in windows that overlap (Devlin et al. 2019, arXiv:1810.04805, as for
SQuAD). In a window where the answer does not stand whole there is none: start and end are then the row's first token.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tokenizers import Encoding

from msopt_tui.config.schema import Config
from msopt_tui.data.encode.base import Example
from msopt_tui.data.encode.batches import TRUNCATED, batches
from msopt_tui.data.encode.frame import frame
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.records.record import Question, Record
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import dtype_for
from msopt_tui.data.vocabulary import Vocabulary

NOT_IN_CONTEXT = "questions whose answer does not stand in the context"
"""What a tally calls questions that give no example."""
ELSEWHERE, INSIDE_TOKEN, LONG = (
    "answers found at another place than the row says",
    "answers that begin or end inside a token",
    "answers longer than task.max_answer_length",
)
"""What it calls answers that are learned all the same."""
NOWHERE = -1
"""Offset of a token that is none of the context's."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Context:
    """The tokens of a context, and the characters that each stands for, without white space around them."""

    ids: list[int]
    starts: list[int]
    ends: list[int]


class ExtractiveEncoder:
    """Windows for the BERT family; `doc_stride` tokens of a window, at most half of it, stand in the next one again."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        self._tokens = Tokeniser(vocabulary)
        self._frame = frame(vocabulary.tokenizer, 2)
        self._limit = config.data.max_length
        self._stride = config.task.doc_stride
        self._longest = config.task.max_answer_length
        self.columns: Mapping[str, str] = {
            "input_ids": dtype_for(vocabulary.size),
            **({"token_type_ids": "|u1"} if self._frame.typed else {}),
            **dict.fromkeys(("start", "end", "offset_start", "offset_end"), "<i4"),
        }
        self.packs = False

    def encode(self, record: Record, tally: Tally) -> list[Example]:
        """See `Encoder`: every window of the context, in order."""
        return next(self.encode_many((record,), tally))

    def encode_many(self, records: Iterable[Record], tally: Tally) -> Iterator[list[Example]]:
        """See `Encoder`."""
        for batch in batches(map(_asked, records), lambda record: len(record.context)):
            questions = self._tokens.ids([record.question for record in batch])
            contexts = self._tokens.tokenizer.encode_batch(
                [record.context for record in batch], add_special_tokens=False
            )
            for record, question, context in zip(batch, questions, contexts, strict=True):
                yield self._windows(record, question, _read(record.context, context), tally)

    def spell(self, example: Example) -> list[tuple[str, bool]]:
        """See `Encoder`: the answer is learned, or the first token where there is none."""
        ids = example.columns["input_ids"]
        first, last = example.columns["start"][0], example.columns["end"][0]
        return self._tokens.spell(ids, [int(first <= place <= last) for place in range(len(ids))])

    def _windows(self, record: Question, question: list[int], context: _Context, tally: Tally) -> list[Example]:
        answer: Span | None = None
        if record.answers:
            characters = _place(record, tally)
            answer = _tokens_of(context, characters, tally) if characters else None
            if answer is None:
                tally.remove(NOT_IN_CONTEXT, f"{record.question} {record.answers[0]}")
                return []
            tally.change(LONG, answer[1] - answer[0] >= self._longest)
        # At least half the row is the context's, however long the question is.
        asked = question[: max(0, self._limit // 2 - self._frame.extra)]
        tally.change(TRUNCATED, len(asked) < len(question))
        room = self._limit - self._frame.extra - len(asked)
        step = room - min(self._stride, room // 2)
        last = max(0, len(context.ids) - room)
        firsts = [*range(0, last, step), max(0, -(-last // step)) * step]
        return [self._window(asked, context, (first, first + room), answer, len(question)) for first in firsts]

    def _window(self, question: list[int], context: _Context, window: Span, answer: Span | None, asked: int) -> Example:
        """`window` is the stretch of the context's tokens, `answer` that of the answer's, its last one included."""
        piece = context.ids[slice(*window)]
        ids, types = self._frame.lay(question, piece)
        at = self._frame.start(1, question, piece)
        first, last = 0, 0
        if answer and window[0] <= answer[0] and answer[1] < window[1]:
            first, last = (token - window[0] + at for token in answer)
        before, after = [NOWHERE] * at, [NOWHERE] * (len(ids) - at - len(piece))
        columns: dict[str, Sequence[int]] = {
            "input_ids": ids,
            "start": [first],
            "end": [last],
            "offset_start": [*before, *context.starts[slice(*window)], *after],
            "offset_end": [*before, *context.ends[slice(*window)], *after],
        }
        if self._frame.typed:
            columns["token_type_ids"] = types
        return Example(columns=columns, length=len(ids), supervised=1, truncated=len(question) < asked)


def _asked(record: Record) -> Question:
    assert isinstance(record, Question), "encoder_of gives other records to other encoders"
    return record


def _read(text: str, coded: Encoding) -> _Context:
    """Offsets without white space around them: whether a token's space is its own differs between tokenizers."""
    starts, ends = [], []
    for first, last in coded.offsets:
        piece = text[first:last]
        if piece[:1].isspace() or piece[-1:].isspace():
            bare = piece.strip()
            if bare:
                first += len(piece) - len(piece.lstrip())
                last = first + len(bare)
        starts.append(first)
        ends.append(last)
    return _Context(coded.ids, starts, ends)


def _place(record: Question, tally: Tally) -> Span | None:
    """Where the first answer stands in the context (characters), without white space around it."""
    answer = record.answers[0]
    bare = answer.strip()
    if not bare:
        return None
    start = record.starts[0] if record.starts else NOWHERE
    if start < 0 or record.context[start : start + len(answer)] != answer:
        start = record.context.find(bare)
        if start < 0:
            return None
        tally.change(ELSEWHERE, bool(record.starts))
    else:
        start += len(answer) - len(answer.lstrip())
    return start, start + len(bare)


def _tokens_of(context: _Context, characters: Span, tally: Tally) -> Span | None:
    """The first and the last of the fewest tokens that the characters lie in; `None` where no token stands for them."""
    first = bisect_right(context.ends, characters[0])
    last = bisect_left(context.starts, characters[1]) - 1
    if first > last:
        return None
    tally.change(INSIDE_TOKEN, (context.starts[first], context.ends[last]) != characters)
    return first, last

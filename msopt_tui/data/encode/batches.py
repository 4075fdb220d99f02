"""`RowEncoder`: what the encoders have in common: records in batches, so that the tokenizer works on every core.

While the examples of one batch are made, the next is tokenised: the tokenizer lets Python go on meanwhile.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from msopt_tui.data.encode.base import Example
from msopt_tui.data.encode.segments import Coded, Segment
from msopt_tui.data.encode.tokenise import Tokeniser
from msopt_tui.data.records.record import Record
from msopt_tui.data.tally import Tally

BATCH = 512
"""Records that are tokenised at once."""
BATCH_CHARS = 1 << 22
"""Characters that are tokenised at once: the tokenizer needs about 100 bytes a token."""
TRUNCATED, ANSWER_CUT = "examples cut to fit", "answers cut to fit"
"""What a tally calls them."""


Item = TypeVar("Item")
Plan = Sequence[Sequence[Segment]]
"""The rows that a record is written in."""
Batch = Sequence[tuple[Record, Plan]]


def batches(items: Iterable[Item], chars: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Items in lists of at most `BATCH`, of about `BATCH_CHARS` characters at most."""
    batch: list[Item] = []
    held = 0
    for item in items:
        batch.append(item)
        held += chars(item)
        if len(batch) == BATCH or held >= BATCH_CHARS:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


class RowEncoder(ABC):
    """Records → segments → tokens → examples; an encoder says the first step and the last."""

    def __init__(self, tokens: Tokeniser) -> None:
        self._tokens = tokens

    def encode(self, record: Record, tally: Tally) -> list[Example]:
        """See `Encoder`."""
        plan = self._plan(record, tally)
        return self._examples(record, self._tokens.code(plan), tally) if plan else []

    def encode_many(self, records: Iterable[Record], tally: Tally) -> Iterator[list[Example]]:
        """See `Encoder`."""
        planned = ((record, self._plan(record, tally)) for record in records)
        for batch, coded in self._ahead(batches(planned, lambda pair: _chars(pair[1]))):
            coming = iter(coded)
            for record, plan in batch:
                rows = list(islice(coming, len(plan)))
                yield self._examples(record, rows, tally) if rows else []

    def _ahead(self, planned: Iterable[Batch]) -> Iterator[tuple[Batch, list[list[Coded]]]]:
        """Every batch with the tokens of its rows, the next one in work already."""
        with ThreadPoolExecutor(1, "tokenise") as executor:
            before: tuple[Batch, Future[list[list[Coded]]]] | None = None
            for batch in planned:
                started = executor.submit(self._tokens.code, [row for _, plan in batch for row in plan])
                if before is not None:
                    yield before[0], before[1].result()
                before = batch, started
            if before is not None:
                yield before[0], before[1].result()

    @abstractmethod
    def _plan(self, record: Record, tally: Tally) -> Plan:
        """The rows that a record is written in; none, and counted, where nothing of it can be learned."""

    @abstractmethod
    def _examples(self, record: Record, rows: Sequence[Sequence[Coded]], tally: Tally) -> list[Example]:
        """The examples that the tokens of `_plan`'s rows make."""


def _chars(plan: Plan) -> int:
    return sum(len(segment.text) for row in plan for segment in row if isinstance(segment.text, str))

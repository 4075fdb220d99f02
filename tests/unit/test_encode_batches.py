from __future__ import annotations

from collections.abc import Iterator

import pytest

from msopt_tui.data.encode import batches, encoder_of
from msopt_tui.data.records.record import Pair, Record
from msopt_tui.data.tally import Tally
from tests import vocabularies
from tests.vocabularies import project


def test_a_batch_holds_so_many_items_and_so_many_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 3)
    monkeypatch.setattr(batches, "BATCH_CHARS", 5)
    texts = ["a", "b", "c", "d", "eeeee", "f", "gggg", "h"]
    assert list(batches.batches(texts, len)) == [["a", "b", "c"], ["d", "eeeee"], ["f", "gggg"], ["h"]]


def test_no_more_records_are_read_than_a_batch_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_CHARS", 100)
    read = 0

    def records() -> Iterator[Record]:
        nonlocal read
        for number in range(100):
            read += 1
            yield Pair(source="fox " * 10, target="" if number % 2 else "dog")

    examples = encoder_of(project("summarization"), vocabularies.causal()).encode_many(records(), Tally())
    assert [len(next(examples)) for _ in range(3)] == [1, 0, 1]
    assert read < 10
    assert [len(each) for each in examples] == [1 - number % 2 for number in range(3, 100)]

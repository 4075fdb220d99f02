"""What is said of the rows before training: nothing that encoding counted is lost, and no row is shown endlessly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from msopt_tui.data import inspection, tokenizer
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.base import Example
from msopt_tui.data.inspection import (
    Background,
    Counted,
    Wholes,
    histogram,
    inspect_examples,
    inspect_stream,
    length_for,
    wholes,
    without_bounds,
)
from msopt_tui.data.meta import SplitMeta
from msopt_tui.data.records.record import Labelled, Pair, Record
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import TokenSplit
from msopt_tui.protocol.values import Piece
from tests.vocabularies import encoder as encoder_only
from tests.vocabularies import encoder_decoder, project


class Spelling:
    """An encoder whose examples are spelled as they stand: ids below 100 are read, the others learned."""

    columns: Mapping[str, str] = {"input_ids": "<u4"}
    packs = False

    def encode(self, record: Record, tally: Tally) -> list[Example]:
        raise NotImplementedError("inspection encodes nothing")

    def encode_many(self, records: Iterable[Record], tally: Tally) -> Iterator[list[Example]]:
        return (self.encode(record, tally) for record in records)

    def spell(self, example: Example) -> list[tuple[str, bool]]:
        return [(f"{number} ", number >= 100) for number in example.columns["input_ids"]]


@dataclass
class Store:
    """Examples in memory."""

    examples: list[Example]

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def lengths(self) -> inspection.Lengths:
        return np.array([example.length for example in self.examples], dtype=np.int64)

    def example(self, index: int) -> Example:
        return self.examples[index]


def example(*ids: int, truncated: bool = False, ended: bool = True) -> Example:
    return Example({"input_ids": ids}, len(ids), sum(number >= 100 for number in ids), truncated, ended)


def test_rows_are_spelled_with_their_mask() -> None:
    store = Store([example(1, 2, 100, 101), example(3, 102, 4, 103)])
    seen = inspect_examples(store, Spelling(), Counted(supervised=4), origin=lambda index: f"pairs.jsonl#{index + 1}")
    assert [row.origin for row in seen.rows] == ["pairs.jsonl#1", "pairs.jsonl#2"]
    assert [(piece.text, piece.supervised) for piece in seen.rows[0].pieces] == [("1 2 ", False), ("100 101 ", True)]
    assert [piece.supervised for piece in seen.rows[1].pieces] == [False, True, False, True]
    assert (seen.rows[0].tokens, seen.rows[0].supervised) == (4, 2)
    assert (seen.examples, seen.supervised) == (2, 4)


def test_what_encoding_and_cleaning_counted_is_handed_on() -> None:
    counted = Counted(
        supervised=9, truncated=2, unended=1, padding=0.25, wholes=Wholes(np.array([4, 900]), np.array([50, 50]))
    )
    background = Background({"pairs.jsonl": "pair: de → en"}, {"documents put into NFC": 3}, {"empty rows": ["#7"]})
    seen = inspect_examples(Store([example(1), example(100)]), Spelling(), counted, background)
    assert (seen.truncated, seen.unended, seen.padding) == (2, 1, 0.25)
    assert (seen.length_for_99, seen.target_length_for_99) == (960, 56)
    assert seen.shapes == {"pairs.jsonl": "pair: de → en"}
    assert seen.changed == {"documents put into NFC": 3}
    assert seen.removed_examples == {"empty rows": ["#7"]}
    assert seen.rows[1].origin == "example 2"


def test_a_row_that_was_cut_and_one_without_an_end_are_among_those_shown() -> None:
    examples = [example(1, 100) for _ in range(500)]
    examples[331] = example(1, 100, truncated=True)
    examples[77] = example(1, 100, ended=False)
    seen = inspect_examples(Store(examples), Spelling(), Counted(supervised=500, truncated=1, unended=1))
    assert [row.truncated for row in seen.rows].count(True) == 1
    assert [row.ended for row in seen.rows].count(False) == 1
    assert len(seen.rows) == inspection.ROWS + 2


def test_long_pieces_keep_their_ends_and_many_pieces_are_counted() -> None:
    (piece,) = inspection.pieces([("a" * 5_000 + "END", True)])
    assert piece.text.endswith("END")
    assert "4,403 characters" in piece.text
    shown = inspection.pieces([("x", number % 2 == 0) for number in range(100)])
    assert len(shown) == inspection.ROW_PIECES + 1
    assert "60 more pieces" in shown[-1].text


def test_no_examples_are_no_trouble() -> None:
    seen = inspect_examples(Store([]), Spelling(), Counted(supervised=0, wholes=wholes(Spelling(), [])))
    assert (seen.rows, seen.lengths.counts, seen.length_for_99) == ([], [], 0)


@given(st.lists(st.integers(0, 2_000_000), min_size=1, max_size=200))
def test_every_length_is_in_one_bar_and_no_bar_at_the_ends_is_empty(lengths: list[int]) -> None:
    bars = histogram(np.array(lengths, dtype=np.int64))
    assert sum(bars.counts) == len(lengths)
    assert 1 <= len(bars.counts) <= inspection.BARS
    assert len(bars.edges) == len(bars.counts) + 1
    assert bars.counts[0]
    assert bars.counts[-1]
    steps = {high - low for low, high in pairwise(bars.edges)}
    assert len(steps) == 1
    assert str(steps.pop()).rstrip("0") in ("1", "2", "5")
    for low, high, count in zip(bars.edges, bars.edges[1:], bars.counts, strict=False):
        assert count == sum(low <= length < high for length in lengths)


@pytest.mark.parametrize("kind", [np.uint8, np.uint32, np.uint64, np.int64])
def test_lengths_of_any_type_are_counted(kind: type[np.integer]) -> None:
    assert histogram(np.array([3, 255], dtype=kind)).counts[-1] == 1


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=300), st.floats(0.5, 1.0))
def test_the_length_that_is_advised_holds_what_it_says(lengths: list[int], share: float) -> None:
    bound = length_for(np.array(lengths), share)
    assert bound % 8 == 0
    assert sum(length <= bound for length in lengths) >= share * len(lengths) - 1


@pytest.fixture(scope="module")
def stream() -> tuple[TokenSplit, Tokenizer]:
    words = tokenizer.train(["the cat sat on the mat. " * 50], 300, 2)
    ids = np.concatenate([part for part, _ in tokenizer.encode(words, ["the cat sat on the mat. " * 20] * 4)])
    return TokenSplit(ids, SplitMeta(4, 1, 1, len(ids))), words


def test_running_text_is_all_learned(stream: tuple[TokenSplit, Tokenizer]) -> None:
    split, words = stream
    seen = inspect_stream(split, words, 16)
    rows = split.rows(16)
    assert (seen.examples, seen.supervised, seen.truncated, seen.unended, seen.padding) == (rows, 16 * rows, 0, 0, 0.0)
    assert seen.rows[0].origin == f"row 1 of {rows}"
    assert seen.rows[0].pieces[0].text.startswith("the cat sat")
    assert all(piece.supervised for row in seen.rows for piece in row.pieces)
    assert any(tokenizer.END_OF_TEXT in piece.text for piece in inspect_stream(split, words, 150).rows[0].pieces)
    assert (sum(seen.lengths.counts), seen.lengths.edges[0]) == (rows, 16)


def test_hidden_tokens_are_drawn_later_so_that_none_is_shown_as_learned(
    stream: tuple[TokenSplit, Tokenizer],
) -> None:
    split, words = stream
    seen = inspect_stream(split, words, 20, learned=0.15)
    assert not any(piece.supervised for row in seen.rows for piece in row.pieces)
    assert seen.rows[0].supervised == 3
    assert seen.supervised == round(split.rows(20) * 20 * 0.15)


class TestEncoders:
    """With the real ones, so that what they promise is what is shown."""

    def test_a_translation_is_read_and_learned(self) -> None:
        made = encoder_of(project("translation", 64), encoder_decoder())
        examples = made.encode(Pair(source="The quick brown fox", target="A fox"), Tally())
        seen = inspect_examples(Store(examples), made, Counted(supervised=examples[0].supervised))
        assert [piece.supervised for piece in seen.rows[0].pieces] == [False, True]
        assert seen.rows[0].pieces[1].text.startswith("A fox")

    def test_what_is_cut_is_measured_whole(self) -> None:
        config = project("translation", 16, max_target_length=8)
        records = [Pair(source="The quick brown fox jumps. " * 6, target="over the lazy dog " * 4)] * 4
        cut = [one for record in records for one in encoder_of(config, encoder_decoder()).encode(record, Tally())]
        assert all(one.truncated for one in cut)
        whole = wholes(encoder_of(without_bounds(config), encoder_decoder()), records)
        assert len(whole.rows) == len(whole.targets) == 4
        assert whole.rows.min() > 16
        assert whole.targets.min() > 8
        seen = inspect_examples(
            Store(cut), encoder_of(config, encoder_decoder()), Counted(9, truncated=4, wholes=whole)
        )
        roomy = project("translation", seen.length_for_99, max_target_length=seen.target_length_for_99)
        again = encoder_of(roomy, encoder_decoder()).encode(records[0], Tally())
        assert not any(one.truncated for one in again), "the advice does what it says"

    def test_a_class_is_what_is_learned_of_a_text(self) -> None:
        made = encoder_of(project("text-classification", 32), encoder_only(), ["bad", "good"])
        examples = made.encode(Labelled(text="naïve café", label="good"), Tally())
        seen = inspect_examples(Store(examples), made, Counted(supervised=1))
        assert seen.rows[0].pieces[-1] == Piece("good", True)
        assert len(wholes(made, [Labelled(text="naïve café", label="good")]).targets) == 0

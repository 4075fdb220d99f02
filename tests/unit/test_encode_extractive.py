from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.base import Example
from msopt_tui.data.encode.extractive import ELSEWHERE, INSIDE_TOKEN, LONG, NOT_IN_CONTEXT, ExtractiveEncoder
from msopt_tui.data.records.record import Question
from msopt_tui.data.tally import Tally
from tests import vocabularies
from tests.vocabularies import project

CONTEXT = "Berlin is the capital of Germany. The quick brown fox, naïve 東京タワー 🙂👩‍👩‍👧 café, jumps."
ASKED = "What is the capital?"


def encoder(max_length: int = 256, types: bool = True, **settings: object) -> ExtractiveEncoder:
    config = project("question-answering", max_length=max_length, **settings)
    made = encoder_of(config, vocabularies.encoder(types))
    assert isinstance(made, ExtractiveEncoder)
    return made


def question(answer: str, context: str = CONTEXT, start: int | None = None) -> Question:
    at = context.find(answer) if start is None else start
    return Question(context=context, question=ASKED, answers=[answer], starts=[at])


def answer_of(example: Example, context: str) -> str | None:
    """The characters between the tokens where the answer begins and ends; `None` where there is no answer."""
    columns = example.columns
    first, last = columns["start"][0], columns["end"][0]
    if columns["offset_start"][first] < 0:
        assert (first, last) == (0, 0)
        return None
    return context[columns["offset_start"][first] : columns["offset_end"][last]]


@pytest.mark.parametrize("types", [True, False])
def test_a_window_is_question_and_context_as_the_tokenizer_frames_them(types: bool) -> None:
    made = encoder(types=types)
    [example] = made.encode(question("capital"), Tally())
    coded = vocabularies.encoder(types).tokenizer.encode(ASKED, CONTEXT)
    assert example.columns["input_ids"] == coded.ids
    assert example.columns.keys() == made.columns.keys()
    if types:
        assert example.columns["token_type_ids"] == coded.type_ids
    assert [at >= 0 for at in example.columns["offset_start"]] == [number == 1 for number in coded.sequence_ids]
    assert (example.length, example.supervised, example.truncated) == (len(coded.ids), 1, False)
    assert [text.strip() for text, supervised in made.spell(example) if supervised] == ["capital"]


@pytest.mark.parametrize(
    "answer", ["Berlin", "capital of Germany.", "naïve", "東京タワー", "🙂👩‍👩‍👧", "café,", CONTEXT]
)
def test_an_answer_is_found_to_the_character(answer: str) -> None:
    tally = Tally()
    [example] = encoder(doc_stride=8, max_answer_length=1_000).encode(question(answer), tally)
    assert answer_of(example, CONTEXT) == answer
    assert not tally.changed


def test_white_space_around_an_answer_is_none_of_it() -> None:
    [example] = encoder().encode(question(" the capital "), Tally())
    assert answer_of(example, CONTEXT) == "the capital"


def test_an_answer_inside_a_token_takes_the_fewest_tokens_that_cover_it() -> None:
    tally = Tally()
    [example] = encoder().encode(question("umps"), tally)
    assert answer_of(example, CONTEXT) == "jumps"
    assert tally.changed == {INSIDE_TOKEN: 1}


def test_nothing_is_learned_to_be_the_first_token() -> None:
    made, tally = encoder(), Tally()
    [example] = made.encode(Question(context=CONTEXT, question=ASKED), tally)
    assert answer_of(example, CONTEXT) is None
    assert made.spell(example)[0] == (bpe.CLS, True)
    assert not tally.removed


def test_the_first_of_several_answers_is_learned() -> None:
    record = Question(context=CONTEXT, question=ASKED, answers=["fox", "Berlin"], starts=[CONTEXT.find("fox"), 0])
    [example] = encoder().encode(record, Tally())
    assert answer_of(example, CONTEXT) == "fox"


def test_of_equal_texts_the_one_at_the_place_is_the_answer() -> None:
    context = "fox fox fox"
    [example] = encoder().encode(question("fox", context, start=4), Tally())
    assert example.columns["offset_start"][example.columns["start"][0]] == 4


def test_an_answer_at_another_place_is_looked_for_and_told() -> None:
    tally = Tally()
    [wrong] = encoder().encode(question("fox", start=3), tally)
    assert answer_of(wrong, CONTEXT) == "fox"
    assert tally.changed == {ELSEWHERE: 1}
    [free] = encoder().encode(Question(context=CONTEXT, question=ASKED, answers=["fox"]), tally)
    assert free == wrong
    assert tally.changed == {ELSEWHERE: 1}


@pytest.mark.parametrize("answer", ["Paris", " "])
def test_an_answer_that_is_nowhere_is_counted(answer: str) -> None:
    tally = Tally()
    assert encoder().encode(question(answer, start=0), tally) == []
    assert tally.removed == {NOT_IN_CONTEXT: 1}


def test_an_answer_that_is_longer_than_looked_for_is_told() -> None:
    tally = Tally()
    encoder(max_answer_length=2).encode(question("the capital of"), tally)
    assert tally.changed == {LONG: 1}


def test_half_the_row_is_the_context_s_however_long_the_question_is() -> None:
    tally = Tally()
    record = Question(context="fox " * 40, question="Who jumps? " * 40)
    for example in encoder(32, doc_stride=1).encode(record, tally):
        assert example.length <= 32
        assert example.truncated
        assert sum(at >= 0 for at in example.columns["offset_start"]) <= 16
    assert tally.changed == {"examples cut to fit": 1}


words = st.lists(
    st.sampled_from(["fox", "Größe", "🙂", "東京", "42,", "the", f"{bpe.SEP}", "e\u0301t\u00e9", "<x>"]),
    min_size=1,
    max_size=60,
)


@given(
    context=words,
    place=st.tuples(st.integers(0, 59), st.integers(1, 4)),
    max_length=st.integers(8, 60),
    doc_stride=st.integers(1, 40),
)
def test_windows_overlap_cover_the_context_and_give_back_the_answer(
    context: list[str], place: tuple[int, int], max_length: int, doc_stride: int
) -> None:
    first = place[0] % len(context)
    answer = " ".join(context[first : first + place[1]])
    text = " ".join(context)
    start = len(" ".join(context[:first])) + (first > 0)
    windows = encoder(max_length, doc_stride=doc_stride).encode(question(answer, text, start), Tally())

    assert all(window.length == len(window.columns["input_ids"]) <= max_length for window in windows)
    found = [answer_of(window, text) for window in windows]
    assert {piece for piece in found if piece is not None} <= {answer}
    offsets = {
        (low, high)
        for window in windows
        for low, high in zip(window.columns["offset_start"], window.columns["offset_end"], strict=True)
        if low >= 0
    }
    assert all(any(low <= at < high for low, high in offsets) for at, c in enumerate(text) if not c.isspace())
    if len(windows) == 1:
        assert found == [answer]


def test_an_answer_stands_in_every_window_that_holds_it_whole() -> None:
    context = " ".join(f"{number}," for number in range(60))
    record = question("20, 21,", context)
    windows = encoder(40, doc_stride=12).encode(record, Tally())
    assert len(windows) > 3
    for window in windows:
        spans = [
            (low, high)
            for low, high in zip(window.columns["offset_start"], window.columns["offset_end"], strict=True)
            if low >= 0
        ]
        whole = spans[0][0] <= record.starts[0] and record.starts[0] + len("20, 21,") <= spans[-1][1]
        assert answer_of(window, context) == ("20, 21," if whole else None)
    starts = [next(at for at in window.columns["offset_start"] if at >= 0) for window in windows]
    assert starts == sorted(starts)


def test_windows_share_doc_stride_tokens() -> None:
    context = " ".join(f"{number}," for number in range(60))
    windows = encoder(60, doc_stride=7).encode(Question(context=context, question=ASKED), Tally())
    ids = [
        [token for token, at in zip(w.columns["input_ids"], w.columns["offset_start"], strict=True) if at >= 0]
        for w in windows
    ]
    assert all(before[-7:] == after[:7] for before, after in pairwise(ids))
    assert sum((part[7:] for part in ids[1:]), ids[0]) == (
        vocabularies.encoder().tokenizer.encode(context, add_special_tokens=False).ids
    )


def test_many_are_encoded_as_one_by_one() -> None:
    made = encoder(40, doc_stride=8)
    records = [question("fox", "the dog " * n + "the fox") for n in range(30)]
    many, single = Tally(), Tally()
    assert list(made.encode_many(iter(records), many)) == [made.encode(record, single) for record in records]
    assert many == single

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.causal import NO_ANSWER, NO_ROOM, AnswerEncoder
from msopt_tui.data.errors import DataError
from msopt_tui.data.records.record import Pair, Question
from msopt_tui.data.tally import Tally
from msopt_tui.data.vocabulary import Vocabulary
from tests import vocabularies
from tests.vocabularies import project

PAIR = Pair(source="The quick brown fox jumps over the lazy dog.", target="A fox 🙂 jumps.")
QUESTION = Question(
    context="Berlin is the capital of Germany.",
    question="What is the capital?",
    answers=["Berlin", "Berlin", "the city of Berlin"],
)
VOCABULARIES = {
    "byte level": vocabularies.causal(),
    "begun": vocabularies.causal(begin=True),
    "SentencePiece": vocabularies.sentencepiece(),
}
any_vocabulary = pytest.mark.parametrize("name", VOCABULARIES)


def encoder(task: str, vocabulary: Vocabulary, max_length: int = 256, **settings: object) -> AnswerEncoder:
    made = encoder_of(project(task, max_length, **settings), vocabulary)
    assert isinstance(made, AnswerEncoder)
    return made


def spelled(task: str, record: Pair | Question, prompt: str = "") -> list[tuple[str, bool]]:
    made = encoder(task, vocabularies.causal(), prompt=prompt)
    [example] = made.encode(record, Tally())
    return made.spell(example)


def test_every_task_has_a_usual_wording() -> None:
    source = PAIR.source
    answer = ("A fox 🙂 jumps.<|endoftext|>", True)
    assert spelled("summarization", PAIR) == [(f"{source}\n\nSummary:\n", False), answer]
    assert spelled("translation", PAIR) == [(f"{source}\n\nTranslation:\n", False), answer]
    assert spelled("question-answering", QUESTION) == [
        ("Berlin is the capital of Germany.\n\nQuestion: What is the capital?\nAnswer:\n", False),
        ("Berlin<|endoftext|>", True),
    ]


def test_a_question_about_nothing_begins_with_itself() -> None:
    bare = Question(context="", question="Who?", answers=["Me"])
    assert spelled("question-answering", bare)[0] == ("Question: Who?\nAnswer:\n", False)


def test_to_say_nothing_is_the_answer_to_what_can_not_be_answered() -> None:
    none = Question(context="Berlin.", question="Who?")
    assert spelled("question-answering", none)[1] == ("<|endoftext|>", True)
    assert encoder("question-answering", vocabularies.causal()).references(none) == [""]


def test_a_person_may_word_it_otherwise() -> None:
    pieces = spelled("summarization", PAIR, prompt="{{Text}}: {source}\nTL;DR: ")
    assert pieces[0] == (f"{{Text}}: {PAIR.source}\nTL;DR: ", False)
    assert spelled("question-answering", QUESTION, prompt="{question} ")[0] == ("What is the capital? ", False)


def test_a_space_before_what_is_named_belongs_to_its_first_word() -> None:
    vocabulary = vocabularies.causal()
    [example] = encoder("summarization", vocabulary, prompt="Text: {source}\n").encode(PAIR, Tally())
    whole = vocabulary.tokenizer.encode(f"Text: {PAIR.source}\n").ids
    assert list(example.columns["input_ids"][: len(whole)]) == whole


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("Summary: ", "names nothing"),
        ("{text}", "{text} is no field of the task: it has {source}"),
        ("{source.__class__}", "is no field"),
        ("{source!r}", "is no field"),
        ("{source:>999999999}", "is no field"),
        ("{}", "is no field"),
        ("{source", "task.prompt: "),
        ("source}", "task.prompt: "),
    ],
)
def test_a_wording_that_no_record_fills_is_said(prompt: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        encoder("summarization", vocabularies.causal(), prompt=prompt)
    assert message in str(caught.value)


def test_braces_in_a_source_are_text() -> None:
    assert spelled("summarization", Pair(source="{target} {0} {{", target="x"))[0][0].startswith("{target} {0} {{\n\n")


@any_vocabulary
def test_a_prompt_is_the_row_up_to_the_answer(name: str) -> None:
    vocabulary = VOCABULARIES[name]
    for task, record in (("summarization", PAIR), ("question-answering", QUESTION)):
        made = encoder(task, vocabulary)
        [example] = made.encode(record, Tally())
        start = made.prompt_ids(record)
        assert list(example.columns["input_ids"][: len(start)]) == start
        assert list(example.columns["supervised"]) == [0] * len(start) + [1] * example.supervised
        assert example.columns["input_ids"][-1] == vocabulary.end
        assert made.stops == {vocabulary.end}


@any_vocabulary
def test_the_row_of_a_prompt_begins_as_the_tokenizer_begins_a_text(name: str) -> None:
    vocabulary = VOCABULARIES[name]
    made = encoder("summarization", vocabulary)
    begun = [*vocabulary.between[1:], *vocabulary.tokenizer.encode("The quick", add_special_tokens=False).ids]
    assert made.prompt_ids(PAIR)[: len(begun)] == begun


def test_what_is_shown_and_what_counts() -> None:
    made = encoder("summarization", vocabularies.causal())
    assert (made.source_text(PAIR), made.references(PAIR)) == (PAIR.source, [PAIR.target])
    asked = encoder("question-answering", vocabularies.causal())
    assert asked.source_text(QUESTION) == "What is the capital?"
    assert asked.references(QUESTION) == ["Berlin", "the city of Berlin"]
    free = made.record_of("The fox")
    assert made.prompt_ids(free) == made.prompt_ids(Pair(source="The fox", target="x"))
    assert made.references(free) == []
    assert asked.record_of("Who?") == Question(context="", question="Who?")


def test_a_pair_without_a_target_is_counted() -> None:
    tally = Tally()
    made = encoder("summarization", vocabularies.causal())
    assert made.encode(Pair(source="The fox", target=" \n"), tally) == []
    assert (tally.removed, tally.examples) == ({NO_ANSWER: 1}, {NO_ANSWER: ["The fox"]})


def test_the_context_is_cut_before_the_question() -> None:
    made = encoder("question-answering", vocabularies.causal(), 21)
    [example] = made.encode(QUESTION, Tally())
    assert made.spell(example)[0] == ("Berlin\n\nQuestion: What is the capital?\nAnswer:\n", False)
    [example] = encoder("question-answering", vocabularies.causal(), 16).encode(QUESTION, Tally())
    assert made.spell(example) == [("\n\nQuestion: What is\nAnswer:\n", False), ("Berlin<|endoftext|>", True)]


words = st.lists(st.sampled_from(["fox", "Größe", "🙂", "東京", "\n", "<|endoftext|>", "42,"]), min_size=1, max_size=30)


@any_vocabulary
@settings(max_examples=40)
@given(source=words, target=words, max_length=st.integers(8, 80))
def test_a_pair_fits_at_every_length(name: str, source: list[str], target: list[str], max_length: int) -> None:
    vocabulary = VOCABULARIES[name]
    record = Pair(source=" ".join(source), target=f"{' '.join(target)}!")
    made, tally = encoder("summarization", vocabulary, max_length), Tally()
    examples = made.encode(record, tally)
    assert len(examples) + tally.removed[NO_ROOM] == 1
    for example in examples:
        ids, supervised = example.columns["input_ids"], example.columns["supervised"]
        assert example.length == len(ids) == len(supervised) <= max_length
        answer = [token for token, flag in zip(ids, supervised, strict=True) if flag]
        assert example.supervised == len(answer) > 0
        assert example.ended == (answer[-1] == vocabulary.end)
        if example.ended:
            answer.pop()
        # The last character may have lost some of its bytes.
        text = vocabulary.tokenizer.decode(answer, skip_special_tokens=False).rstrip("\ufffd")
        assert record.target.startswith(text)
        assert not example.ended or record.target == text
        whole = encoder("summarization", vocabulary, 10_000).encode(record, Tally())[0]
        assert example.truncated == (whole.length > max_length)
    assert len(made.prompt_ids(record)) <= max_length - min(8, max_length // 2)


def test_many_are_encoded_as_one_by_one() -> None:
    made = encoder("summarization", vocabularies.causal(), 24)
    pairs = [Pair(source="fox " * n, target="dog " * (n % 7)) for n in range(600)]
    many, single = Tally(), Tally()
    assert list(made.encode_many(iter(pairs), many)) == [made.encode(pair, single) for pair in pairs]
    assert many == single

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.causal import NO_ANSWER
from msopt_tui.data.encode.seq2seq import Seq2SeqEncoder
from msopt_tui.data.records.record import Chat, Message, Pair, Question, Record
from msopt_tui.data.tally import Tally
from tests import vocabularies
from tests.vocabularies import project

VOCABULARY = vocabularies.encoder_decoder()
END = "<|endoftext|>"
CHAT = Chat(
    messages=[
        Message("system", "Be brief."),
        Message("user", "Who jumps?"),
        Message("assistant", "The fox."),
        Message("user", "Over whom?"),
        Message("assistant", "The dog."),
    ]
)


def encoder(task: str, max_length: int = 256, **settings: object) -> Seq2SeqEncoder:
    made = encoder_of(project(task, max_length, **settings), VOCABULARY)
    assert isinstance(made, Seq2SeqEncoder)
    return made


def spelled(task: str, record: Record, max_length: int = 256, **settings: object) -> list[tuple[str, bool]]:
    made = encoder(task, max_length, **settings)
    [example] = made.encode(record, Tally())
    return made.spell(example)


def test_a_prefix_stands_before_the_source() -> None:
    pair = Pair(source="The quick brown fox 🙂", target="A fox")
    assert spelled("summarization", pair) == [(f"The quick brown fox 🙂{END}", False), (f"A fox{END}", True)]
    pieces = spelled("translation", pair, source_prefix="translate: ")
    assert pieces[0] == (f"translate: The quick brown fox 🙂{END}", False)


def test_questions_are_worded_as_t5_words_them() -> None:
    question = Question(context="Berlin is it.", question="What is it?", answers=["Berlin", "it"])
    assert spelled("question-answering", question) == [
        (f"question: What is it? context: Berlin is it.{END}", False),
        (f"Berlin{END}", True),
    ]
    assert spelled("question-answering", Question(context="", question="Who?")) == [
        (f"question: Who?{END}", False),
        (END, True),
    ]


def test_a_chat_is_what_was_said_before_its_last_answer() -> None:
    assert spelled("instruction", CHAT) == [
        (f"system: Be brief.\nuser: Who jumps?\nassistant: The fox.\nuser: Over whom?{END}", False),
        (f"The dog.{END}", True),
    ]
    alone = Chat(messages=CHAT.messages[1:3])
    assert spelled("instruction", alone, source_prefix="chat: ")[0] == (f"chat: Who jumps?{END}", False)


def test_of_a_long_chat_the_beginning_goes_and_the_prefix_stays() -> None:
    pieces = spelled("instruction", CHAT, 12, source_prefix="chat: ")
    assert pieces[0][0].startswith("chat: ")
    assert pieces[0][0].endswith(f"whom?{END}")


def test_columns_are_source_and_target() -> None:
    made = encoder("translation")
    pair = Pair(source="fox", target="dog")
    [example] = made.encode(pair, Tally())
    assert dict(made.columns) == {"input_ids": "<u2", "labels": "<u2"}
    assert not made.packs
    assert example.columns["input_ids"] == VOCABULARY.tokenizer.encode("fox").ids == made.prompt_ids(pair)
    assert example.columns["labels"] == VOCABULARY.tokenizer.encode("dog").ids
    assert made.stops == {VOCABULARY.end}
    assert (made.references(pair), made.source_text(pair)) == (["dog"], "fox")
    assert made.record_of("fox") == Pair(source="fox", target="")


def test_what_has_no_target_is_counted() -> None:
    tally = Tally()
    assert encoder("translation").encode(Pair(source="fox", target=""), tally) == []
    assert encoder("instruction").encode(Chat(messages=CHAT.messages[:2]), tally) == []
    assert tally.removed == {NO_ANSWER: 2}
    assert tally.examples[NO_ANSWER] == ["fox", "Who jumps?"]


@given(
    source=st.text(max_size=60), target=st.text(min_size=1, max_size=60), limits=st.tuples(*[st.integers(8, 40)] * 2)
)
def test_source_and_target_are_cut_at_their_ends(source: str, target: str, limits: tuple[int, int]) -> None:
    made = encoder("translation", limits[0], max_target_length=limits[1])
    pair, tally = Pair(source=source, target=f"{target}!"), Tally()
    [example] = made.encode(pair, tally)
    ids, labels = example.columns["input_ids"], example.columns["labels"]
    whole_source, whole_target = (VOCABULARY.tokenizer.encode(text).ids for text in (source, pair.target))
    assert list(ids) == [*whole_source[:-1][: limits[0] - 1], VOCABULARY.end]
    assert list(labels) == whole_target[: limits[1]]
    assert example.ended == (labels[-1] == VOCABULARY.end)
    assert example.truncated == (len(whole_source) > limits[0] or not example.ended)
    assert (example.length, example.supervised) == (len(ids) + len(labels), len(labels))
    assert tally.changed["examples cut to fit"] == example.truncated

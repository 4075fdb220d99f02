"""Cleaning of records: every one is kept or counted, and an answer stays a piece of its context."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.data.clean import Deduplicate, normalise
from msopt_tui.data.records.clean import RecordCleaner, comparable, main_text, texts
from msopt_tui.data.records.record import (
    RECORDS,
    Chat,
    Labelled,
    Message,
    Pair,
    Preference,
    Question,
    Record,
    Role,
    decode,
    encode,
)
from msopt_tui.data.tally import Tally


def clean(
    *records: Record, deduplicate: Deduplicate = "document", min_chars: int = 1, max_chars: int = 0
) -> tuple[list[Record], Tally]:
    cleaner = RecordCleaner(deduplicate, min_chars, max_chars)
    kept = [cleaner.clean(record, f"rows#{number}") for number, record in enumerate(records, 1)]
    return [record for record in kept if record is not None], cleaner.tally


def chat(*turns: tuple[Role, str]) -> list[Message]:
    return [Message(role, content) for role, content in turns]


def test_every_text_is_normalised() -> None:
    kept, tally = clean(
        Pair(source="a\r\nb  ", target="\n\ncafe\u0301\x07\n", group="g"),
        Labelled(text="t \n", text_pair="p\u2028q", label=" yes \n"),
    )
    assert kept == [Pair(source="a\nb", target="café", group="g"), Labelled(text="t", text_pair="p\nq", label="yes")]
    assert tally.removed == {"control characters": 1}
    assert tally.changed["line breaks unified"] == 2


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Pair(source=" \n", target="t"), "records without source"),
        (Pair(source="s", target=""), "records without target"),
        (Labelled(text="", label="l"), "records without text"),
        (Labelled(text="t", label=" "), "records without label"),
        (Chat(messages=[]), "chats without an answer"),
        (Chat(messages=chat(("user", "u"))), "chats without an answer"),
        (Chat(messages=chat(("user", "u"), ("assistant", " "))), "chats with an empty turn"),
        (Chat(messages=chat(("assistant", "a"))), "chats that begin with an answer"),
        (
            Chat(messages=chat(("user", "u"), ("system", "s"), ("assistant", "a"))),
            "chats with a system message inside",
        ),
        (Question(context=" ", question="q"), "questions without context"),
        (Question(context="c", question=""), "questions without text"),
        (Question(context="c", question="q", answers=["x"], starts=[0]), "questions of whose answers none is left"),
        (Question(context="c", question="q", answers=[" "]), "questions of whose answers none is left"),
        (Preference(prompt=[], chosen="a", rejected="b"), "preferences without a question"),
        (
            Preference(prompt=chat(("user", "u"), ("assistant", "a")), chosen="a", rejected="b"),
            "preferences without a question",
        ),
        (Preference(prompt=chat(("user", " ")), chosen="a", rejected="b"), "chats with an empty turn"),
        (Preference(prompt=chat(("user", "u")), chosen="a", rejected="\n"), "preferences without both answers"),
        (Preference(prompt=chat(("user", "u")), chosen="a", rejected="a "), "preferences whose answers are the same"),
    ],
)
def test_what_teaches_nothing_is_removed_with_its_reason(record: Record, why: str) -> None:
    kept, tally = clean(record)
    assert kept == []
    assert tally.removed[why] == 1
    assert tally.examples[why] == ["rows#1"]


def test_turns_are_brought_into_the_order_that_templates_take() -> None:
    turns = chat(("system", " "), ("user", "u"), ("user", "v "), ("assistant", "a"), ("user", "left"))
    kept, tally = clean(Chat(messages=turns))
    assert kept == [Chat(messages=chat(("user", "u\n\nv"), ("assistant", "a")))]
    del tally.changed["characters of white space stripped"]
    assert tally.changed == {
        "empty system messages left out": 1,
        "turns of one speaker joined": 1,
        "turns after the last answer cut": 1,
    }


def test_answers_move_with_their_context_and_what_is_no_piece_of_it_goes() -> None:
    context = "\n\nOne \r\n two  \n\nthree two"
    record = Question(
        context=context,
        question="?",
        answers=["two", "two", "One \r\n two", "four"],
        starts=[context.index("two"), context.rindex("two"), context.index("One"), 3],
    )
    (kept,), tally = clean(record)
    assert isinstance(kept, Question)
    assert kept.context == "One\n two\n\nthree two"
    assert list(zip(kept.answers, kept.starts, strict=True)) == [("two", 5), ("two", 16), ("One\n two", 0)]
    assert tally.removed == {"answers that are no piece of their context": 1}
    assert tally.examples["answers that are no piece of their context"] == ["rows#1: four"]


def test_free_answers_and_questions_without_any_stay() -> None:
    free = Question(context="c", question="q", answers=["because"])
    none = Question(context="c", question="q")
    assert clean(free, none)[0] == [free, none]


@settings(deadline=None)
@given(st.text("ab \t\r\n\x0c\x07\u2028e\u0301é.", max_size=40), st.data())
def test_an_answer_is_a_piece_of_its_context_before_and_after(context: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(context)))
    end = data.draw(st.integers(start, len(context)))
    record = Question(context=context, question="?", answers=[context[start:end]], starts=[start])
    kept, tally = clean(record)
    answer = normalise(context[start:end], Tally())
    for question in kept:
        assert isinstance(question, Question)
        assert question.answers == [answer]
        assert question.context[question.starts[0] :].startswith(answer)
    if not kept:
        # Only where the end cuts a character from its accents is it another text by itself.
        cut = any(context[place:].lstrip("\x07").startswith("\u0301") for place in (start, end))
        assert cut or not answer or tally.removed["questions without context"]


some_text = st.text("ab \n\x07e\u0301", max_size=12)
some_turns = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), some_text), max_size=4)
some_records = st.one_of(
    st.builds(Pair, source=some_text, target=some_text),
    st.builds(Labelled, text=some_text, text_pair=some_text, label=st.sampled_from(["x", "y", ""])),
    st.builds(Chat, messages=some_turns),
    st.builds(Preference, prompt=some_turns, chosen=some_text, rejected=some_text),
    st.builds(Question, context=some_text, question=some_text, answers=st.lists(some_text, max_size=2)),
)
REASONS = ("records ", "chats ", "questions ", "preferences ", "repeated records", "same text with another label")


@settings(deadline=None)
@given(st.lists(some_records, max_size=8), st.integers(0, 5), st.sampled_from(["off", "document"]))
def test_every_record_is_kept_or_counted_and_cleaning_twice_removes_nothing_more(
    records: list[Record], min_chars: int, mode: Deduplicate
) -> None:
    kept, tally = clean(*records, deduplicate=mode, min_chars=min_chars)
    dropped = sum(count for what, count in tally.removed.items() if what.startswith(REASONS))
    assert len(kept) + dropped == len(records)
    again, more = clean(*kept, deduplicate=mode, min_chars=min_chars)
    assert again == kept
    assert not more.removed
    assert not more.changed


@given(some_records)
def test_a_record_is_the_same_after_it_was_stored(record: Record) -> None:
    assert decode(type(record), encode(record)) == record
    assert type(record) in RECORDS.values()


def test_a_repeated_record_is_dropped_whatever_its_group() -> None:
    first, same, other = (
        Pair(source="s", target="t", group="1"),
        Pair(source="s ", target="t", group="2"),
        Pair(source="s", target="u"),
    )
    kept, tally = clean(first, same, other)
    assert kept == [first, other]
    assert tally.removed == {"repeated records": 1}
    assert len(clean(first, same, deduplicate="off")[0]) == 2


def test_the_same_text_with_another_label_is_dropped_where_it_stands_second() -> None:
    first, second = Labelled(text="t", label="a"), Labelled(text="t", label="b")
    pair = Labelled(text="t", text_pair="p", label="b")
    kept, tally = clean(first, second, pair)
    assert kept == [first, pair]
    assert tally.removed == {"same text with another label": 1}
    assert clean(first, second, deduplicate="off")[0] == [first, second]


def test_bounds_hold_for_the_whole_text() -> None:
    record = Pair(source="abc", target="de")
    assert clean(record, min_chars=5, max_chars=5)[0] == [record]
    assert clean(record, min_chars=6)[1].removed == {"records shorter than min_chars": 1}
    assert clean(record, max_chars=4)[1].removed == {"records longer than max_chars": 1}


class Wants:
    """Stands for a `LanguageFilter` that wants texts with an e."""

    def unwanted(self, text: str) -> str:
        return "" if "e" in text else "xx"


def test_the_language_is_that_of_the_text_that_is_read() -> None:
    cleaner = RecordCleaner("off", 1, languages=Wants())  # type: ignore[arg-type]  # has what is called
    assert cleaner.clean(Pair(source="e", target="o"), "r") is not None
    assert cleaner.clean(Pair(source="o", target="e"), "r#2") is None
    assert cleaner.tally.examples == {"records in other languages": ["r#2 (xx)"]}


TURNS = chat(("system", "s"), ("user", "u"), ("assistant", "a"), ("user", "v"))


@pytest.mark.parametrize(
    ("record", "compared", "whole", "main"),
    [
        (Pair(source="s", target="t"), "s", ["s", "t"], "s"),
        (Labelled(text="t", label="l"), "t", ["t", ""], "t"),
        (Labelled(text="t", text_pair="p", label="l"), "t\n\np", ["t", "p"], "t"),
        (Chat(messages=TURNS), "u\n\nv", ["s", "u", "a", "v"], "u\n\na\n\nv"),
        (
            Preference(prompt=TURNS, chosen="c", rejected="r"),
            "u\n\nv",
            ["s", "u", "a", "v", "c", "r"],
            "u\n\nv\n\nc",
        ),
        (Question(context="c", question="q", answers=["x"]), "q\n\nc", ["c", "q", "x"], "c"),
    ],
)
def test_what_is_compared_measured_and_told_the_language_of(
    record: Record, compared: str, whole: list[str], main: str
) -> None:
    assert comparable(record) == compared
    assert texts(record) == whole
    assert main_text(record) == main

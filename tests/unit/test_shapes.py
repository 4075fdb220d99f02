"""Shapes of rows: the columns of well-known data sets, and rows that fit none, said with the way out."""

from collections.abc import Mapping

import pytest

from msopt_tui.config.source_rules import TASK_COLUMNS
from msopt_tui.data.errors import DataError
from msopt_tui.data.records.record import RECORDS, Chat, Labelled, Message, Pair, Preference, Question, Record
from msopt_tui.data.records.shapes import NEEDED, RECOGNISE, Shape, recognise
from msopt_tui.data.row import Row
from msopt_tui.data.sources.rows import BrokenRow

Values = Mapping[str, object]


def row(values: Values, part: int = 1) -> Row:
    return Row(values, "rows", part)


def shape(task: str, *rows: Values, **columns: str) -> Shape:
    return recognise(task, columns, [row(values, part) for part, values in enumerate(rows, 1)], "rows.jsonl")


def record(task: str, values: Values, **columns: str) -> Record:
    return shape(task, values, **columns).record(row(values))


def user(text: str) -> Message:
    return Message("user", text)


def assistant(text: str) -> Message:
    return Message("assistant", text)


def test_every_task_that_learns_from_rows_is_in_every_table() -> None:
    assert set(RECORDS) == set(RECOGNISE) == set(NEEDED) == set(TASK_COLUMNS)
    for task, (_, example) in NEEDED.items():
        assert set(example) <= set(TASK_COLUMNS[task])


CNN = {"article": "LONDON, England (Reuters) -- Harry …", "highlights": "Harry gets £20M .\nHe says no .", "id": "42c0"}
XSUM = {"document": "The full cost of damage …", "summary": "Clean-up operations are continuing …", "id": "35232142"}
SAMSUM = {"id": "13818513", "dialogue": "Amanda: I baked cookies.", "summary": "Amanda baked cookies."}
BILLSUM = {"text": "SECTION 1. LIABILITY …", "summary": "Shields a business …", "title": "A bill to limit …"}
FUNCTIONS = {"source": "def f(): ...", "summary": "Do nothing.", "name": "m.f", "module": "m"}


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (CNN, "article/highlights"),
        (XSUM, "document/summary"),
        (SAMSUM, "dialogue/summary"),
        (BILLSUM, "text/summary"),
        (FUNCTIONS, "source/summary"),
        ({"source": "a", "target": "b"}, "source/target"),
    ],
)
def test_a_text_and_its_summary(values: Values, name: str) -> None:
    source, target = name.split("/")
    found = shape("summarization", values)
    assert found.name == name
    assert found.columns == {"source": source, "target": target}
    assert found.record(row(values)) == Pair(source=str(values[source]), target=str(values[target]))


WMT = {"translation": {"de": "Wiederaufnahme", "en": "Resumption"}}


def test_a_translation_by_language_needs_a_direction() -> None:
    with pytest.raises(DataError) as caught:
        shape("translation", WMT)
    assert str(caught.value) == (
        'rows.jsonl: column "translation" has de and en, and nothing says which is translated into which: '
        'write columns = { source = "translation.de", target = "translation.en" }'
    )
    both = shape("translation", WMT, source="translation.en", target="translation.de")
    assert both.name == "columns as named"
    assert both.record(row(WMT)) == Pair(source="Resumption", target="Wiederaufnahme")
    one = shape("translation", WMT, target="translation.de")
    assert one.name == "translation {de, en}"
    assert one.columns == {"source": "translation.en", "target": "translation.de"}
    with pytest.raises(DataError, match="has de and en and fr"):
        shape("translation", {"translation": {"de": "a", "en": "b", "fr": "c"}}, source="translation.de")


def test_a_translation_in_two_columns() -> None:
    verse = {"source": "thou", "target": "you", "book": "Genesis", "chapter": "Genesis 1", "verse": 1}
    assert record("translation", verse) == Pair(source="thou", target="you")
    assert record("translation", {"src": "a", "tgt": "b"}) == Pair(source="a", target="b")
    with pytest.raises(
        DataError, match=r"needs a source and a target; its columns are: de, en; .*columns = \{ source ="
    ):
        shape("translation", {"de": "a", "en": "b"})


SQUAD = {
    "id": "5733be284776f41900661182",
    "title": "University_of_Notre_Dame",
    "context": "Atop the Main Building's gold dome is a golden statue. The dome is gold.",
    "question": "What is on top?",
    "answers": {"text": ["a golden statue"], "answer_start": [38]},
}
SQUAD_2 = {**SQUAD, "question": "Who paid?", "answers": {"text": [], "answer_start": []}}


def test_questions_of_squad_and_those_without_answer() -> None:
    found = shape("question-answering", SQUAD, SQUAD_2)
    assert found.name == "squad"
    answered, unanswered = (found.record(row(values)) for values in (SQUAD, SQUAD_2))
    assert isinstance(answered, Question)
    assert isinstance(unanswered, Question)
    assert (answered.answers, answered.starts) == (["a golden statue"], [38])
    assert (unanswered.answers, unanswered.starts) == ([], [])
    assert answered.group == unanswered.group != ""
    assert found.record(row(SQUAD), "title").group == "University_of_Notre_Dame"


@pytest.mark.parametrize(
    ("answers", "texts", "starts"),
    [
        ("gold", ["gold"], [25]),
        (["gold", "gold", "dome"], ["gold", "dome"], [25, 30]),
        ([{"text": "dome", "answer_start": 59}], ["dome"], [59]),
        ({"text": ["gold"], "answer_start": [60]}, ["gold"], [67]),
        ({"text": ["silver"], "answer_start": [4]}, ["silver"], [4]),
        ({"text": ["gold", "gold"], "answer_start": [25, 25]}, ["gold"], [25]),
        ({"text": "gold"}, ["gold"], [25]),
        ("gold, I think", ["gold, I think"], []),
        (["gold", "of gold, I think"], ["gold", "of gold, I think"], []),
        (None, [], []),
        ("", [], []),
    ],
)
def test_answers_in_every_form(answers: object, texts: list[str], starts: list[int]) -> None:
    found = record("question-answering", {**SQUAD, "answers": answers})
    assert isinstance(found, Question)
    assert (found.answers, found.starts) == (texts, starts)


def test_starts_in_a_column_of_their_own() -> None:
    values = {"context": "a b a", "question": "?", "answers": ["a"], "starts": [4]}
    found = shape("question-answering", values)
    assert found.name == "context/question/answers/starts"
    question = found.record(row(values))
    assert isinstance(question, Question)
    assert question.starts == [4]
    with pytest.raises(BrokenRow, match="1 answers and 2 places"):
        found.record(row({**values, "starts": [0, 4]}))
    flat = {"passage": "a b", "query": "?", "given": {"t": ["b"], "s": [2]}}
    named = {"answers": "given.t", "starts": "given.s"}
    assert shape("question-answering", flat, **named).record(row(flat)) == shape(
        "question-answering", {"context": "a b", "question": "?", "answer": "b"}
    ).record(row({"context": "a b", "question": "?", "answer": "b"}))


@pytest.mark.parametrize(
    ("values", "expected", "name"),
    [
        ({"text": "A film.", "label": "neg"}, Labelled(text="A film.", label="neg"), "text/label"),
        ({"text": "Wall St.", "label": 2}, Labelled(text="Wall St.", label="2"), "text/label"),
        ({"sentence": "s", "label": True, "idx": 0}, Labelled(text="s", label="true"), "sentence/label"),
        ({"content": "c", "category": 1.0}, Labelled(text="c", label="1"), "content/category"),
        ({"text": "t", "label": 0, "label_text": "sad"}, Labelled(text="t", label="sad"), "text/label_text"),
        ({"review": "r", "labels": ["x"]}, Labelled(text="r", label="x"), "review/labels"),
        (
            {"sentence1": "a", "sentence2": "b", "label": "same", "idx": 1},
            Labelled(text="a", text_pair="b", label="same"),
            "sentence1/sentence2/label",
        ),
        (
            {"premise": "p", "hypothesis": "h", "label": "entailment"},
            Labelled(text="p", text_pair="h", label="entailment"),
            "premise/hypothesis/label",
        ),
        (
            {"question": "q", "sentence": "s", "label": 0, "idx": 0},
            Labelled(text="q", text_pair="s", label="0"),
            "question/sentence/label",
        ),
    ],
)
def test_texts_and_their_classes(values: Values, expected: Labelled, name: str) -> None:
    found = shape("text-classification", values)
    assert found.name == name
    assert found.record(row(values)) == expected


@pytest.mark.parametrize(
    ("label", "why"), [(["a", "b"], "2 labels where one is meant"), (1.5, "a number where"), ({"a": 1}, "an object")]
)
def test_what_is_no_one_class_breaks_the_row(label: object, why: str) -> None:
    with pytest.raises(BrokenRow, match=why):
        record("text-classification", {"text": "t", "label": label})


ALPACA = {"instruction": "Add.", "input": "1 and 2", "output": "3", "text": "Below is …"}
SHAREGPT = {
    "id": "QWJhYvA_0",
    "conversations": [
        {"from": "system", "value": "Be kind."},
        {"from": "human", "value": "Hi"},
        {"from": "gpt", "value": "Hello"},
    ],
}
ULTRACHAT = {
    "prompt": "Hi",
    "prompt_id": "f0e3",
    "messages": [{"content": "Hi", "role": "user"}, {"content": "Hello", "role": "assistant"}],
}
PARTS = {
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "assistant", "content": "Hello"},
    ]
}
DOLLY = {"instruction": "When?", "context": "", "response": "Now.", "category": "closed_qa"}


@pytest.mark.parametrize(
    ("values", "name", "messages"),
    [
        (ALPACA, "alpaca", [user("Add.\n\n1 and 2"), assistant("3")]),
        ({**ALPACA, "input": ""}, "alpaca", [user("Add."), assistant("3")]),
        (
            {**ALPACA, "system": "Be brief."},
            "alpaca",
            [Message("system", "Be brief."), user("Add.\n\n1 and 2"), assistant("3")],
        ),
        (SHAREGPT, "sharegpt", [Message("system", "Be kind."), user("Hi"), assistant("Hello")]),
        (ULTRACHAT, "messages", [user("Hi"), assistant("Hello")]),
        (PARTS, "messages", [user("Hi"), assistant("Hello")]),
        (DOLLY, "instruction/response", [user("When?"), assistant("Now.")]),
        ({"prompt": "a", "completion": "b"}, "prompt/completion", [user("a"), assistant("b")]),
        ({"question": "a", "answer": "b"}, "question/answer", [user("a"), assistant("b")]),
        (
            {"prompt": ULTRACHAT["messages"], "completion": [{"role": "assistant", "content": "More"}]},
            "prompt/completion",
            [user("Hi"), assistant("Hello"), assistant("More")],
        ),
    ],
)
def test_chats_of_every_form(values: Values, name: str, messages: list[Message]) -> None:
    found = shape("instruction", values)
    assert found.name == name
    assert found.record(row(values)) == Chat(messages=messages)


def test_a_system_message_is_not_put_before_another() -> None:
    found = record("instruction", {**SHAREGPT, "system": "Be rude."})
    assert isinstance(found, Chat)
    assert [message.role for message in found.messages] == ["system", "user", "assistant"]
    assert found.messages[0].content == "Be kind."


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        ({"role": "tool", "content": "42"}, r"messages\.0 is said by 'tool'"),
        (
            {"role": "user", "content": [{"type": "image", "url": "x"}]},
            r"messages\.0 has a part that is no text: image",
        ),
        ({"role": "user", "content": 7}, r"messages\.0 says a number"),
        ("Hi", r"messages\.0 is a text, not a message"),
    ],
)
def test_a_turn_that_is_no_text_of_a_known_speaker_breaks_the_row(turn: object, why: str) -> None:
    found = shape("instruction", ULTRACHAT)
    with pytest.raises(BrokenRow, match=why):
        found.record(row({"messages": [turn]}))


HH = {
    "chosen": "\n\nHuman: Hi\n\nAssistant: Hello. Human: and more\n\nHuman: Bye\n\nAssistant: Come back.",
    "rejected": "\n\nHuman: Hi\n\nAssistant: Hello. Human: and more\n\nHuman: Bye\n\nAssistant: Go.",
}
BINARIZED = {
    "prompt": "Hi",
    "chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Go"}],
    "score_chosen": 8.0,
}
ANSWERS_ONLY = {
    "prompt": [{"role": "user", "content": "Hi"}],
    "chosen": [{"role": "assistant", "content": "Hello"}],
    "rejected": [{"role": "assistant", "content": "Go"}],
}
PREFERRED = Preference(prompt=[user("Hi")], chosen="Hello", rejected="Go")


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        ({"prompt": "Hi", "chosen": "Hello", "rejected": "Go"}, "prompt/chosen/rejected", PREFERRED),
        ({"question": "Hi", "chosen": "Hello", "rejected": "Go"}, "prompt/chosen/rejected", PREFERRED),
        (BINARIZED, "prompt/chosen/rejected as messages", PREFERRED),
        ({k: v for k, v in BINARIZED.items() if k != "prompt"}, "chosen/rejected as messages", PREFERRED),
        (ANSWERS_ONLY, "prompt/chosen/rejected as messages", PREFERRED),
        (
            HH,
            "chosen/rejected as dialogues",
            Preference(
                prompt=[user("Hi"), assistant("Hello. Human: and more"), user("Bye")],
                chosen="Come back.",
                rejected="Go.",
            ),
        ),
    ],
)
def test_preferences_of_every_form(values: Values, name: str, expected: Preference) -> None:
    found = shape("preference", values)
    assert found.name == name
    assert found.record(row(values)) == expected


def test_answers_to_other_turns_break_the_row() -> None:
    found = shape("preference", HH)
    with pytest.raises(BrokenRow, match="not one answer each to the same turns"):
        found.record(row({**HH, "rejected": "\n\nHuman: Ho\n\nAssistant: Go."}))
    with pytest.raises(BrokenRow, match="not one answer each to the same turns"):
        found.record(row({**HH, "rejected": HH["chosen"] + "\n\nHuman: What?"}))


def test_named_columns_win_and_the_rest_is_recognised() -> None:
    values = {"article": "a", "body": "b", "highlights": "h", "summary": "s"}
    assert record("summarization", values, source="body") == Pair(source="b", target="h")
    assert record("summarization", values, source="body", target="article") == Pair(source="b", target="a")
    both = shape("summarization", values, source="body", target="article")
    assert both.name == "columns as named"


def test_a_column_that_was_named_and_is_not_there_is_said() -> None:
    with pytest.raises(
        DataError, match=r'rows\.jsonl: has no column "translation\.fr".* there are: translation \{de, en\}'
    ):
        shape("translation", WMT, source="translation.fr", target="translation.de")


@pytest.mark.parametrize("task", RECOGNISE)
def test_rows_that_fit_nothing_say_what_is_there_and_what_to_write(task: str) -> None:
    with pytest.raises(DataError) as caught:
        shape(task, {"foo": 1, "\x1b[2Jbar": {"x": "y"}})
    said = str(caught.value)
    assert said.startswith(f"rows.jsonl: is not recognised as rows for {task}, which needs ")
    assert "foo, \\x1b[2Jbar {x}" in said
    assert "columns = { " in said
    assert said.isprintable()


def test_a_source_without_rows_says_so() -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl: has no rows"):
        recognise("summarization", {}, [], "rows.jsonl")


def test_many_columns_are_not_all_named() -> None:
    with pytest.raises(DataError, match="c29, and 70 more"):
        shape("summarization", {f"c{number}": 1 for number in range(100)})


@pytest.mark.parametrize("task", ["summarization", "text-classification", "question-answering"])
def test_a_text_that_is_none_breaks_the_row_and_nothing_is_an_empty_text(task: str) -> None:
    values: dict[str, Values] = {
        "summarization": CNN,
        "text-classification": {"text": "t", "label": "l"},
        "question-answering": SQUAD,
    }
    field = next(iter(shape(task, values[task]).columns.values()))
    found = shape(task, values[task])
    with pytest.raises(BrokenRow, match=f'column "{field}" has a number where text is meant'):
        found.record(row({**values[task], field: 7}))
    with pytest.raises(BrokenRow, match=f'no column "{field}"'):
        found.record(row({name: value for name, value in values[task].items() if name != field}))
    found.record(row({**values[task], field: None}))


def test_a_group_is_what_its_column_says_or_the_row_itself() -> None:
    found = shape("text-classification", {"text": "t", "label": "l"})
    assert found.record(row({"text": "t", "label": "l"})).group == ""
    assert found.record(row({"text": "t", "label": "l", "user": 7}), "user").group == "7"
    assert found.record(row({"text": "t", "label": "l", "user": None}), "user").group == ""
    with pytest.raises(BrokenRow, match='no column "user"'):
        found.record(row({"text": "t", "label": "l"}), "user")

"""Which keys a source takes, and which settings of `[data]` contradict each other."""

from pathlib import Path
from typing import Literal, get_args, get_type_hints

import pytest

from msopt_tui.config.crosscheck import cross_check
from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import load_project
from msopt_tui.config.schema import Config, DataTable, Source, TaskTable
from msopt_tui.config.source_rules import TAKEN, TASK_COLUMNS, WITHOUT_ROWS, WITHOUT_TEXT
from msopt_tui.data.sources import SOURCES


def problems(*sources: Source, **data: float) -> list[str]:
    table = DataTable(sources=list(sources), **data)  # type: ignore[arg-type]  # the keys of one test
    return [str(problem) for problem in cross_check(Config(data=table), "p.toml")]


def problems_of(task: str, *sources: Source) -> list[str]:
    named = TaskTable(name=task)  # type: ignore[arg-type]  # one of the tasks
    found = cross_check(Config(data=DataTable(sources=list(sources)), task=named), "p.toml")
    # Other rules have something to say about the model of some tasks.
    return [str(problem).removeprefix("p.toml: ") for problem in found if problem.key.startswith("data.sources")]


TOPICS = Source(kind="python-topics")
Use = Literal["split", "train", "validation", "test"]


TEXT_TASKS = ("causal-lm", "masked-lm")


def test_every_kind_has_text_or_rows_as_its_reader_has() -> None:
    assert {name for name, kind in SOURCES.items() if kind.rows is None} == set(WITHOUT_ROWS)
    assert {name for name, kind in SOURCES.items() if kind.read is None} == set(WITHOUT_TEXT)
    assert {*TEXT_TASKS, *TASK_COLUMNS} == set(get_args(get_type_hints(TaskTable)["name"]))


@pytest.mark.parametrize("task", TASK_COLUMNS)
def test_a_task_that_learns_from_rows_takes_no_running_text(task: str) -> None:
    assert problems_of(task, Source(kind="jsonl", path="x")) == []
    assert problems_of(task, Source(kind="bible-verses", group_column="book")) == []
    (said,) = problems_of(task, Source(path="x"))
    assert said.startswith(
        f'data.sources.kind: {task} learns from rows, and "text" has none: there are python-functions'
    )
    assert said.endswith("jsonl, csv, parquet, arrow, datasets")
    (said,) = problems_of(task, Source(kind="jsonl", path="x", text_column="body"))
    assert said.startswith(
        f"data.sources.text_column: {task} learns from rows: name their columns, such as columns = {{"
    )
    (said,) = problems_of(task)
    assert said.startswith("data.sources: no rows to learn from")


@pytest.mark.parametrize("task", TEXT_TASKS)
def test_a_task_that_learns_from_text_takes_no_rows(task: str) -> None:
    (said,) = problems_of(task, Source(kind="python-questions"))
    assert (
        said == f'data.sources.kind: "python-questions" has rows for other tasks, but {task} learns from running text'
    )
    (said,) = problems_of(task, Source(kind="csv", path="x", columns={"text": "body"}))
    assert said == f'data.sources.columns: {task} learns from running text: name its column by text_column = "…"'
    (said,) = problems_of(task, Source(kind="csv", path="x", group_column="user"))
    assert said.startswith("data.sources.group_column: keeps rows together")


def test_columns_name_fields_of_the_task() -> None:
    source = Source(kind="csv", path="x", columns={"sorce": "a", "target": ""})
    assert problems_of("translation", source) == [
        "data.sources.columns.sorce: translation has no such field; did you mean source?",
        "data.sources.columns.target: names no column",
    ]
    (said,) = problems_of("summarization", Source(kind="csv", path="x", columns={"zzz": "a"}))
    assert said.endswith("summarization has no such field: there are source, target")


def using(*uses: Use, validation_fraction: float = 0.05) -> list[str]:
    named = [Source(path=f"{number}.txt", use=use) for number, use in enumerate(uses)]
    return problems(*named, validation_fraction=validation_fraction)


def test_something_must_be_left_to_learn_from_and_to_evaluate_on() -> None:
    assert (
        using("split")
        == using("train", "validation")
        == using("train", "split")
        == using("train", "test", "split")
        == []
    )
    assert using("train", "validation", validation_fraction=0.0) == []
    assert using("split", "validation", validation_fraction=0.0) == []
    assert "0 leaves nothing to evaluate on" in using("split", validation_fraction=0.0)[0]
    assert len(using("train", validation_fraction=0.0)) == 1
    assert "leaves nothing to evaluate on" in using("train")[0]
    assert "leaves nothing to evaluate on" in using("train", "test")[0]
    assert "leaves nothing to learn from" in using("validation", "test")[0]


def test_every_kind_says_what_it_takes() -> None:
    assert set(TAKEN) == set(get_args(get_type_hints(Source)["kind"]))
    assert all(set(keys) <= set(Source.__struct_fields__) for keys in TAKEN.values())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Source(kind="jsonl"), 'data.sources.path: a source of kind "jsonl" needs a path'),
        (Source(kind="datasets"), 'data.sources.path: a source of kind "datasets" needs a path'),
        (Source(kind="python-topics", path="x"), 'data.sources.path: a source of kind "python-topics" takes no path'),
        (Source(path="x", text_column="b"), 'text_column: a source of kind "text" takes no text_column'),
        (Source(kind="csv", path="x", document="line"), 'document: a source of kind "csv" takes no document'),
        (Source(kind="jsonl", path="x", delimiter=";"), 'delimiter: a source of kind "jsonl" takes no delimiter'),
        (Source(path="x", document="line", document_chars=512), 'document_chars: says nothing with document = "line"'),
    ],
)
def test_a_key_that_a_kind_does_not_take_is_said(source: Source, said: str) -> None:
    found = problems(source)
    assert len(found) == 1
    assert found[0].endswith(said)


def test_weights_are_given_to_all_or_none() -> None:
    weighed = Source(kind="python-docstrings", weight=2.0, max_documents=3)
    assert problems(TOPICS, Source(kind="python-docstrings")) == []
    assert problems(Source(kind="python-topics", weight=1.0), weighed) == []
    assert "give every source a weight, or none" in problems(TOPICS, weighed)[0]


def test_bounds_that_leave_nothing_are_said() -> None:
    assert "below min_chars" in problems(TOPICS, min_chars=10, max_chars=9)[0]
    assert problems(TOPICS, min_chars=10, max_chars=0) == []
    assert "0.5 to 1, or 0 for off" in problems(TOPICS, near_duplicates=0.3)[0]
    assert problems(TOPICS, near_duplicates=0.8) == []


@pytest.mark.parametrize("columns", ["{ source = 3 }", '"article"', '["a"]'])
def test_columns_of_another_type_are_said_in_words(tmp_path: Path, columns: str) -> None:
    project = tmp_path / "project.toml"
    project.write_text(f'[[data.sources]]\nkind = "jsonl"\npath = "x"\ncolumns = {columns}\n')
    with pytest.raises(
        ConfigError, match=r"project\.toml:4: data\.sources\.columns: .* is not allowed: a table of texts"
    ):
        load_project(project)

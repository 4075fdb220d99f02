"""Which keys a source takes, and which settings of `[data]` contradict each other."""

from typing import get_args, get_type_hints

import pytest

from msopt_tui.config.crosscheck import TAKEN, cross_check
from msopt_tui.config.schema import Config, DataTable, Source


def problems(*sources: Source, **data: float) -> list[str]:
    table = DataTable(sources=list(sources), **data)  # type: ignore[arg-type]  # the keys of one test
    return [str(problem) for problem in cross_check(Config(data=table), "p.toml")]


TOPICS = Source(kind="python-topics")


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

"""What is said of prepared data, in words."""

from __future__ import annotations

import pytest

from msopt_tui.protocol import events as ev
from msopt_tui.state import inspection as say


def inspected(**more: object) -> ev.DataInspected:
    facts: dict[str, object] = {
        "rows": [], "examples": 1_000, "lengths": ev.Histogram(edges=[0, 10], counts=[1_000]),
        "truncated": 0, "unended": 0, "supervised": 5_000, "padding": 0.0,
    }  # fmt: skip
    return ev.DataInspected(**(facts | more))  # type: ignore[arg-type]  # a test's shorthand


def prepared(**more: object) -> ev.DataPrepared:
    facts: dict[str, object] = {
        "cached": False, "key": "k", "sha256": "s", "documents": {"train": 10, "validation": 2},
        "tokens": {"train": 100, "validation": 0}, "bytes": {"train": 350, "validation": 0}, "vocab_size": 9,
        "seconds": 1.0,
    }  # fmt: skip
    return ev.DataPrepared(**(facts | more))  # type: ignore[arg-type]  # a test's shorthand


SETTINGS: dict[str, bool | int | float | str] = {"task.name": "instruction", "data.max_length": 256}


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 5, "0 %"),
        (1, 5_000, "< 0.1 %"),
        (26, 1_000, "2.6 %"),
        (99, 1_000, "9.9 %"),
        (230, 1_000, "23 %"),
        (1, 0, "0 %"),
    ],
)
def test_percent(part: int, whole: int, text: str) -> None:
    assert say.percent(part, whole) == text


def test_what_is_fine_needs_no_advice() -> None:
    assert say.advice(inspected(truncated=49, unended=49, padding=0.9), SETTINGS) == []


def test_many_cuts_are_said_with_the_length_that_would_do() -> None:
    (line,) = say.advice(inspected(truncated=230, length_for_99=512), SETTINGS)
    assert line == "23 % of the examples are cut (data.max_length = 256): data.max_length = 512 would hold 99 %"


def test_a_target_has_a_bound_of_its_own() -> None:
    settings = SETTINGS | {"task.name": "translation", "task.max_target_length": 64}
    (line,) = say.advice(inspected(truncated=230, length_for_99=200, target_length_for_99=96), settings)
    assert line.endswith("are cut (task.max_target_length = 64): task.max_target_length = 96 would hold 99 %")
    (line,) = say.advice(inspected(truncated=230, length_for_99=320, target_length_for_99=96), settings)
    assert line.endswith(
        "(data.max_length = 256, task.max_target_length = 64): "
        "data.max_length = 320 and task.max_target_length = 96 would hold 99 %"
    )


def test_where_nobody_looked_no_length_is_advised() -> None:
    (line,) = say.advice(inspected(truncated=230), SETTINGS)
    assert line == "23 % of the examples are cut (data.max_length = 256)"


@pytest.mark.parametrize(("truncated", "why"), [(400, "most of them are cut"), (0, "does the chat template")])
def test_missing_ends_are_said_with_what_may_be_behind_them(truncated: int, why: str) -> None:
    lines = say.advice(inspected(truncated=truncated, unended=300), SETTINGS)
    assert "30 % of the examples end without the end token" in lines[-1]
    assert why in lines[-1]


def test_padding_is_only_spoken_of_where_packing_would_help() -> None:
    much = inspected(padding=0.61)
    assert "61 % of the positions" in say.advice(much, SETTINGS | {"data.packing": False})[0]
    assert say.advice(much, SETTINGS | {"data.packing": True}) == []
    assert say.advice(much, {"task.name": "text-classification", "data.packing": False}) == []


def test_the_splits_are_a_table_whose_gaps_are_marked() -> None:
    rows = say.split_rows(prepared(), inspected())
    assert rows[1] == ["train", "10", "350", "100", "3.50", "1,000", "5,000"]
    assert rows[2] == ["validation", "2", "0", "0", "–", "–", "–"]
    counted = prepared(examples={"train": 7, "validation": 3}, supervised={"train": 70, "validation": 30})
    assert [row[-2:] for row in say.split_rows(counted, inspected())[1:]] == [["7", "70"], ["3", "30"]]
    lines = say.aligned(rows)
    assert len({len(line) for line in lines}) == 1
    assert lines[1].startswith("train ")
    assert lines[1].endswith(" 5,000")


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("repeated paragraphs", "duplicates"),
        ("nearly repeated documents", "duplicates"),
        ("training documents like one of validation or test", "leakage"),
        ("training documents of nothing but leaked paragraphs", "leakage"),
        ("control characters", "dropped"),
    ],
)
def test_removals_are_sorted_by_what_they_are(what: str, kind: str) -> None:
    data = prepared(removed={what: 3, "nothing of this": 0})
    (found,) = say.removals(data, inspected(removed_examples={what: ["a", "b"]}))
    assert (found.kind, found.what, found.count, list(found.examples)) == (kind, what, 3, ["a", "b"])


def test_where_nothing_was_removed_it_says_whether_anybody_looked() -> None:
    assert say.nothing_found("duplicates", {"data.deduplicate": "off"}) == "not looked for (data.deduplicate = off)"
    assert say.nothing_found("leakage", {"data.leakage": "paragraph"}) == "none found (data.leakage = paragraph)"
    assert say.nothing_found("dropped", {}) == "none"


def test_a_row_says_how_it_was_treated() -> None:
    row = ev.PreviewRow(origin="a#1", pieces=[], tokens=1_200, supervised=1, truncated=True, ended=False)
    assert say.row_title(row) == ("a#1", "1,200 tokens, 1 target · cut · no end")

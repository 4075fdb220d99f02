from __future__ import annotations

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.protocol import events as ev
from msopt_tui.state.describe import describe
from msopt_tui.state.numbers import compact, duration, significant, size
from msopt_tui.state.text import clean
from tests.unit.test_codec import example

SILENT = {ev.AnswerGrew, ev.StepsDone, ev.Progressed, ev.Sampled, ev.ResourcesSampled, ev.PhaseChanged}


@pytest.mark.parametrize("kind", sorted(set(typing.get_args(ev.Event)) - SILENT, key=str))
def test_what_happens_seldom_has_a_line(kind: type[ev.Base]) -> None:
    line = describe(typing.cast(ev.Event, example(kind)))
    assert line is not None
    assert line.text


def test_frequent_events_have_none() -> None:
    assert describe(ev.StepsDone(first=1, losses=[], grad_norms=[], learning_rates=[], seconds=0.0, tokens=0)) is None


def test_an_adjustment_says_who_and_what() -> None:
    line = describe(ev.Adjusted(step=7, setting="train.learning_rate", old=0.1, new=0.2, who="ann", why="plateau"))
    assert line is not None
    assert (line.step, line.kind, line.text) == (7, "adjusted", "train.learning_rate: 0.1 → 0.2 · by ann · plateau")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "✗"),
        (0, "0"),
        (3.14159, "3.142"),
        (0.0012346, "0.001235"),
        (123456.0, "1.23e+5"),
        (3e-5, "3.00e-5"),
        (12.3456, "12.35"),
    ],
)
def test_significant(value: float | None, text: str) -> None:
    assert significant(value) == text


@pytest.mark.parametrize(("value", "text"), [(987, "987"), (41234, "41.2k"), (1.239e6, "1.24M"), (999_999, "1.00M")])
def test_compact(value: float, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.84, "0.8 s"), (42, "42 s"), (760, "12:40"), (11050, "3:04:10"), (183845, "2d 03:04")],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_size() -> None:
    assert [size(n) for n in (12, 2048, 6_657_199_309)] == ["12 B", "2.0 KiB", "6.2 GiB"]


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_a_number_shown_is_the_number_meant(value: float) -> None:
    assert float(significant(value, 4)) == pytest.approx(value, rel=6e-3, abs=1e-290)


@given(st.text())
def test_clean_text_is_one_line_without_controls(text: str) -> None:
    cleaned = clean(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0x202A <= ord(c) <= 0x202E for c in cleaned)
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(("truncated", "kind"), [(0, "phase"), (4, "phase"), (5, "warning")])
def test_many_cuts_are_a_warning(truncated: int, kind: str) -> None:
    lengths = ev.Histogram(edges=[0, 10], counts=[100])
    line = describe(
        ev.DataInspected(
            rows=[], examples=100, lengths=lengths, truncated=truncated, unended=1, supervised=7_200, padding=0.0
        )
    )
    assert line is not None
    assert line.kind == kind
    assert line.text.startswith("100 examples, 7.20k targets")
    assert line.text.endswith("1 without an end (1.0 %)")


def test_an_evaluation_goes_by_the_labels_of_its_metrics() -> None:
    line = describe(
        ev.Evaluated(
            step=5, round=1, split="test", reason="final", metrics={"exact_match": 50.0, "loss": 1.0}, seconds=1.0
        )
    )
    assert line is not None
    assert line.text == "TEST: exact match 50.00 %, loss 1.000 · final"


def test_what_a_prompt_was_answered_is_one_line_and_stands_once() -> None:
    answered = describe(ev.Answered(id="a", step=5, prompt="who?", text="the cat\nsat"))
    assert answered is not None
    assert answered.text == "who? → the cat↵sat"
    applied = describe(ev.CommandApplied(id="a", command="ask", step=5, detail="the cat\nsat"))
    assert applied is not None
    assert applied.text == "ask applied at step 5"

"""Rules of alerts: read, and told once a crossing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.protocol import events as ev
from msopt_tui.state.alert_rules import AlertRules, Crossings, Rule, parse_rule
from msopt_tui.state.run_state import RunState

STARTED = [ev.RunStarted(run="r", project="p", settings={})]


def steps(first: int, *losses: float | None) -> ev.StepsDone:
    rates = [1e-3] * len(losses)
    return ev.StepsDone(
        first=first, losses=list(losses), grad_norms=list(losses), learning_rates=rates, seconds=1.0, tokens=10
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("failed", Rule("failed")),
        (" loss<2 ", Rule("loss", "<", 2.0)),
        ("train_loss >= 1e1", Rule("train_loss", ">=", 10.0)),
    ],
)
def test_rules(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no rule"),
        ("exploded", "or one of ended, completed, failed"),
        ("loss = 2", "is no rule"),
        ("los < 2", "los is no metric: there are train_loss"),
        ("loss < nan", "is no number"),
        ("loss < two", "is no number"),
    ],
)
def test_what_is_no_rule_says_how_to_write_one(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_rule(text)
    rules = AlertRules(["failed", text], RunState())
    assert len(rules.problems) == 1
    assert rules.problems[0].startswith("ui.alerts.rules: ")


@given(
    st.lists(st.none() | st.floats(0, 4) | st.sampled_from([2.0, float("nan")]), max_size=30),
    st.lists(st.booleans(), max_size=30),
)
def test_once_a_crossing_however_often_one_looks(values: list[float | None], looks: list[bool]) -> None:
    state, crossings, told = RunState(), Crossings(Rule("train_loss", ">", 2.0)), 0
    for event in STARTED:
        state.apply(event)
    for number, value in enumerate(values):
        state.apply(steps(number + 1, value))
        if number < len(looks) and looks[number]:
            told += len(crossings.look(state))
    told += len(crossings.look(state))
    told += len(crossings.look(state))
    held = [value > 2.0 for value in values if value is not None and value == value]
    assert told == sum(now and not before for before, now in zip([False, *held], held, strict=False))


def test_what_became_of_the_run_is_told_once() -> None:
    state = RunState()
    rules = AlertRules(["paused", "ended", "failed", "completed"], state)
    state.apply(STARTED[0])
    assert rules.look() == []
    state.apply(steps(1, 2.0))
    state.apply(ev.Paused(step=1, reason="asked"))
    assert rules.look() == ["paused at step 1"]
    assert rules.look() == []
    state.apply(ev.Continued(step=1))
    assert rules.look() == []
    state.apply(ev.Paused(step=1, reason="asked"))
    assert rules.look() == ["paused at step 1"]
    state.apply(ev.RunEnded(status="failed", step=1, reason="out of memory"))
    assert rules.look() == ["failed at step 1: out of memory"] * 2
    assert rules.look() == []


def test_what_is_so_already_is_no_news() -> None:
    state = RunState()
    state.apply(STARTED[0])
    state.apply(steps(1, 3.0))
    rules = AlertRules(["train_loss > 2"], state)
    assert rules.look() == [], "a run that is taken up again"
    state.apply(steps(2, 1.0, 3.5))
    assert rules.look() == ["train loss 3.5 > 2 at step 3"]

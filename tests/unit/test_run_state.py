"""The reducer: one journal, one state, whoever reads it."""

from __future__ import annotations

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState


def started(**more: typing.Any) -> ev.RunStarted:
    return ev.RunStarted(run="r", project="p", settings={"train.learning_rate": 0.1, "train.max_steps": 100}, **more)


def steps(first: int, *losses: float | None, seconds: float = 1.0) -> ev.StepsDone:
    count = len(losses)
    return ev.StepsDone(
        first=first,
        losses=list(losses),
        grad_norms=[1.0] * count,
        learning_rates=[0.1] * count,
        seconds=seconds,
        tokens=10 * count,
    )


def evaluated(step: int, loss: float, best: bool = False) -> ev.Evaluated:
    return ev.Evaluated(
        step=step, round=1, split="validation", reason="cadence", metrics={"loss": loss}, seconds=1.0, best=best
    )


def fold(*events: ev.Event) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
    return state


def test_steps_and_evaluations_become_curves() -> None:
    state = fold(started(), steps(1, 3.0, 2.5, None), evaluated(3, 2.4, best=True), steps(4, 2.2))
    assert state.step == 4
    assert state.loss == 2.2
    assert state.tokens == 40
    assert list(state.losses.not_finite_in(1, 4)) == [3]
    assert state.best is not None
    assert state.best.step == 3
    assert state.metrics["loss"].last == 2.4
    assert [*state.marks] == ["best"]


def test_resuming_forgets_what_the_crash_took() -> None:
    state = fold(
        started(),
        steps(1, *[3.0] * 10),
        evaluated(5, 2.9, best=True),
        evaluated(10, 2.0, best=True),
        ev.CheckpointSaved(step=5, path="c", bytes=1, seconds=1.0, reason="cadence"),
        started(resumed_from_step=5, tokens=50, changes={"train.learning_rate": 0.2}),
    )
    assert (state.step, state.tokens) == (5, 50)
    assert state.losses.last_step == 5
    assert state.best is not None
    assert state.best.step == 5
    assert state.settings["train.learning_rate"] == 0.2
    assert state.adjusted == {"train.learning_rate": 0.1}
    state.apply(steps(6, 2.8))
    assert state.step == 6


def test_an_adjustment_is_remembered_with_what_the_file_says_until_it_is_taken_back() -> None:
    state = fold(started(), ev.Adjusted(step=3, setting="train.learning_rate", old=0.1, new=0.3, who="me"))
    assert state.settings["train.learning_rate"] == 0.3
    assert state.adjusted == {"train.learning_rate": 0.1}
    state.apply(ev.Adjusted(step=4, setting="train.learning_rate", old=0.3, new=0.1, who="me"))
    assert not state.adjusted


def test_a_longer_round_moves_its_end() -> None:
    state = fold(
        started(),
        ev.RoundStarted(round=1, step=0, last_step=100),
        ev.Adjusted(step=3, setting="train.max_steps", old=100, new=150, who="me"),
    )
    assert state.last_step == 150


def test_commands_live_from_requested_to_applied_or_refused() -> None:
    state = fold(
        ev.CommandRequested(id="a", command="pause", who="me"),
        ev.CommandRequested(id="b", command="adjust", who="me"),
        ev.CommandApplied(id="a", command="pause", step=7),
        ev.CommandRefused(id="b", command="adjust", reason="too high"),
    )
    assert (state.commands["a"].status, state.commands["a"].step) == ("applied", 7)
    assert (state.commands["b"].status, state.commands["b"].answer) == ("refused", "too high")


def test_an_evaluation_inside_a_pause_leaves_it_paused() -> None:
    state = fold(started())
    seen: list[str] = []
    for event in (
        ev.PhaseChanged(phase="train", status="started"),
        ev.Paused(step=3, reason="asked"),
        ev.PhaseChanged(phase="evaluate", status="started"),
        ev.PhaseChanged(phase="evaluate", status="finished"),
        ev.Continued(step=3),
    ):
        state.apply(event)
        seen.append(state.status)
    assert seen == ["running", "paused", "evaluating", "paused", "running"]


def test_the_test_split_and_probes_stay_out_of_the_curves() -> None:
    test = ev.Evaluated(step=9, round=1, split="test", reason="final", metrics={"loss": 1.0}, seconds=1.0)
    probe = ev.Evaluated(step=9, round=1, split="validation", reason="probe", metrics={"loss": 1.0}, seconds=1.0)
    state = fold(started(), test, probe)
    assert state.test == test
    assert not state.evaluations


def test_every_kind_of_event_has_a_handler() -> None:
    from tests.unit.test_codec import example

    for kind in typing.get_args(ev.Event):
        state = fold(started(), typing.cast(ev.Event, example(kind)))
        assert state.version == 2


def test_the_rate_leaves_out_the_warm_up_and_gives_the_time_left() -> None:
    state = fold(started(), ev.RoundStarted(round=1, step=0, last_step=100))
    state.apply(steps(1, *[1.0] * 10, seconds=100.0))
    state.apply(steps(11, *[1.0] * 10, seconds=100.0))
    assert state.eta_seconds is None
    state.apply(steps(21, *[1.0] * 10, seconds=2.0))
    assert state.rate.steps_per_second == pytest.approx(5.0)
    assert state.eta_seconds == pytest.approx(70 / 5)


def test_the_time_left_has_the_evaluations_still_to_come_in_it() -> None:
    state = fold(started(), ev.RoundStarted(round=1, step=0, last_step=100))
    state.settings["train.eval_steps"] = 10
    for first in (1, 11, 21):
        state.apply(steps(first, *[1.0] * 10, seconds=2.0))
    state.apply(
        ev.Evaluated(step=30, round=1, split="validation", reason="cadence", metrics={"loss": 1.0}, seconds=3.0)
    )
    assert state.eta_seconds == pytest.approx(70 / 5 + 7 * 3.0)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=10))
def test_how_steps_are_batched_makes_no_difference(sizes: list[int]) -> None:
    losses = [float(n % 7) for n in range(sum(sizes))]
    whole = fold(started(), steps(1, *losses))
    parts = fold(started())
    at = 0
    for size in sizes:
        parts.apply(steps(at + 1, *losses[at : at + size]))
        at += size
    assert list(parts.losses.points(0, at)) == list(whole.losses.points(0, at))
    assert (parts.step, parts.tokens) == (whole.step, whole.tokens)

"""Where the time of an engine goes, and the energy of a run."""

from __future__ import annotations

import pytest

from msopt_tui.protocol import events as ev
from msopt_tui.state.rates import StepRate, WorkRate
from msopt_tui.state.run_state import RunState
from tests.unit.test_run_state import fold, started


def phase(time: float, name: ev.Phase, *, begins: bool) -> ev.PhaseChanged:
    return ev.PhaseChanged(time=time, phase=name, status="started" if begins else "finished")


def steps(time: float, first: int, seconds: float, **split: float) -> ev.StepsDone:
    return ev.StepsDone(
        time=time,
        first=first,
        losses=[1.0],
        grad_norms=[1.0],
        learning_rates=[1.0],
        seconds=seconds,
        tokens=8,
        split=split,
    )


ENGINE: list[ev.Event] = [
    phase(90, "preprocess", begins=True),
    phase(99, "preprocess", begins=False),
    phase(100, "train", begins=True),
    steps(140, 1, 40.0),
    phase(140, "evaluate", begins=True),
    phase(160, "evaluate", begins=False),
    ev.Paused(time=160, step=1, reason="asked"),
    phase(165, "evaluate", begins=True),  # a paused run evaluates when asked
    phase(170, "evaluate", begins=False),
    ev.Continued(time=185, step=1),
    steps(195, 2, 10.0),
]


def test_time_is_shared_among_what_was_done_since_the_first_round_began() -> None:
    state = fold(started(), *ENGINE)
    assert state.spent.shares(200) == pytest.approx(
        {"train": 50.0, "evaluate": 25.0, "refine": 0.0, "idle": 20.0, "other": 5.0}
    )
    assert state.spent.words(200) == "train 50 · eval 25 · idle 20 · other 5 %"
    assert state.spent.words(200, 30) == "train 50 · eval 25 · idle 20 %"


def test_what_goes_on_counts_already_and_a_decision_that_waits_is_idle() -> None:
    state = fold(started(), *ENGINE, phase(200, "refine", begins=True))
    assert state.spent.shares(300)["refine"] == pytest.approx(50.0)
    proposed = ev.Proposed(
        time=300, round=1, step=2, proposals=[ev.Proposal(id="a", title="t", reason="r", changes={})]
    )
    for event in (proposed, proposed, ev.Decided(time=500, round=1, proposal="a", decision="accepted", who="person")):
        state.apply(event)
    assert state.spent.shares(600) == pytest.approx(
        {"train": 10.0, "evaluate": 5.0, "refine": 40.0, "idle": 44.0, "other": 1.0}
    )


def test_a_resumed_run_counts_its_time_anew_and_its_energy_on() -> None:
    def sample(time: float, gpu: float | None, cpu: float | None = None) -> ev.ResourcesSampled:
        return ev.ResourcesSampled(
            time=time, cpu=1, process_cpu=1, process_memory=1, memory_used=1, memory_total=2, disk_free=1, disk_total=2,
            gpu_energy=gpu, cpu_energy=cpu,
        )  # fmt: skip

    state = fold(started(), *ENGINE, sample(200, 36_000.0))
    assert state.energy.words == "10.0 Wh (gpu)"
    for event in (ev.EngineStarted(time=900, process=1), started(), phase(1_000, "train", begins=True)):
        state.apply(event)
    state.apply(steps(1_009, 3, 9.0))
    state.apply(sample(1_010, 3_600.0, 7_200.0))
    assert state.spent.words(1_010) == "train 90 · other 10 %"
    assert state.energy.words == "13.0 Wh: gpu 11.0 · cpu 2.00"
    assert RunState().energy.words == ""


def test_the_parts_of_a_step_are_those_of_the_latest_seconds() -> None:
    rate = StepRate()
    for _ in range(10):
        rate.add(1, 8, 5.0, {"data": 5.0})
    for _ in range(10):
        rate.add(2, 8, 5.0, {"data": 1.0, "backward": 3.0})
    assert rate.split == pytest.approx({"data": 25.0, "backward": 75.0})
    assert rate.step_seconds == 2.5


def test_the_rate_of_work_is_that_of_its_latest_stretch() -> None:
    rate = WorkRate()
    assert rate.per_second is None
    for second in range(100):
        rate.add(second if second < 50 else 50 + 10 * (second - 50), float(second))
    assert rate.per_second == pytest.approx(10.0)
    rate.add(540, 99.5)
    still = WorkRate()
    still.add(5, 1.0)
    still.add(5, 2.0)
    assert still.per_second is None

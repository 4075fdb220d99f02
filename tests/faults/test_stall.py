"""Row 9: no step for a set time is *stalled*, with the stacks of all threads; waiting for a person never is."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.engine.stall import LOOK_SECONDS, WAITS, StallWatch
from msopt_tui.protocol.events import Event, Paused, Stalled, StallEnded
from msopt_tui.runs.record import read_record
from msopt_tui.state.parts import Status
from msopt_tui.state.run_state import RunState
from tests.ml import live
from tests.projects import events_of, state_of

AT_WORK: list[Status] = ["starting", "preparing", "running", "evaluating", "refining"]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A watch of ten seconds that is looked at once a second."""

    def __init__(self, limit: float = 10.0) -> None:
        self.clock = Clock()
        self.watch = StallWatch(limit, self.clock)

    def pass_time(self, seconds: int, status: Status) -> list[Stalled | StallEnded]:
        said = []
        for _ in range(seconds):
            self.clock.now += 1.0
            event = self.watch.look(status, 7)
            if event is not None:
                said.append(event)
        return said


@pytest.mark.parametrize("status", AT_WORK)
def test_silence_is_said_once_and_its_end_once(status: Status) -> None:
    bench = Bench()
    assert bench.pass_time(9, status) == []
    (stalled,) = bench.pass_time(50, status)
    assert isinstance(stalled, Stalled)
    assert (stalled.seconds, stalled.step, stalled.doing) == (10.0, 7, status)
    bench.watch.progress()
    (ended,) = bench.pass_time(5, "stalled")
    assert isinstance(ended, StallEnded)
    assert ended.seconds == 59.0
    assert len(bench.pass_time(30, status)) == 1, "a second stall is a stall again"


@pytest.mark.parametrize("status", sorted(WAITS))
def test_a_run_that_waits_never_stalls_and_has_its_whole_time_afterwards(status: Status) -> None:
    bench = Bench()
    assert bench.pass_time(3_600, status) == []
    assert bench.pass_time(9, "running") == []
    assert len(bench.pass_time(1, "running")) == 1


@given(st.lists(st.integers(1, 9), min_size=1, max_size=50), st.sampled_from(AT_WORK))
def test_what_advances_never_stalls(pauses: list[int], status: Status) -> None:
    """An evaluation or a preprocess that reports its progress, however slowly within the limit."""
    bench = Bench()
    for seconds in pauses:
        assert bench.pass_time(seconds, status) == []
        bench.watch.progress()


def test_nought_is_never() -> None:
    assert Bench(limit=0).pass_time(100_000, "running") == []


def test_time_in_which_the_whole_process_was_stopped_does_not_count() -> None:
    bench = Bench()
    bench.clock.now += 3_600 + LOOK_SECONDS
    assert bench.watch.look("running", 7) is None
    assert bench.pass_time(9, "running") == []
    assert len(bench.pass_time(1, "running")) == 1


def test_the_state_goes_back_to_what_it_was_or_what_it_became() -> None:
    between: list[tuple[list[Event], str]] = [([], "evaluating"), ([Paused(step=3, reason="asked")], "paused")]
    for events, expected in between:
        state = RunState()
        for event in [Stalled(seconds=10, step=3, doing="evaluating"), *events, StallEnded(seconds=11, step=3)]:
            state.apply(event)
        assert state.status == expected
        assert state.stalled is None


def test_a_step_that_hangs_is_told_with_the_stacks_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from msopt_tui.steps import memory

    run = live.create(tmp_path, "train.max_steps=6", "resources.stall_timeout_s=1.5", "evaluate.prompts=[]")
    step, released, hung = memory.take_steps, threading.Event(), [False]
    statuses: list[str] = []

    def a_kernel_that_never_comes_back(*arguments: object) -> None:
        if not hung[0]:
            hung[0] = True
            released.wait(60)
        step(*arguments)  # type: ignore[arg-type]  # handed on as they came

    def look_from_outside() -> None:
        while not released.wait(0.1):
            record = read_record(run.state)
            if record is not None and record.status == "stalled":
                statuses.append(record.status)
                released.set()

    monkeypatch.setattr(memory, "take_steps", a_kernel_that_never_comes_back)
    watcher = threading.Thread(target=look_from_outside)
    watcher.start()
    live.serve(run)
    watcher.join(60)
    assert statuses == ["stalled"], "the list of runs reads it from state.json"
    kinds = [type(event) for event in events_of(run) if isinstance(event, Stalled | StallEnded)]
    assert kinds == [Stalled, StallEnded]
    log = run.output_log.read_text()
    assert "a_kernel_that_never_comes_back" in log, "where it hangs"
    assert "_look_after" in log, "all threads, the main one too"
    assert (state_of(run).status, state_of(run).step) == ("completed", 6)


HANGING = """
import ctypes, sys, threading
from pathlib import Path
from msopt_tui.engine.stall import HangWatch

def native():
    ctypes.PyDLL(None).usleep(1_500_000)  # a PyDLL keeps the interpreter to itself while it runs

with HangWatch(Path(sys.argv[1]), 0.5):
    native()
"""


def test_a_hang_that_lets_no_thread_have_a_turn_leaves_its_stack(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    subprocess.run([sys.executable, "-c", HANGING, str(log)], timeout=30, check=True)
    assert "in native" in log.read_text()

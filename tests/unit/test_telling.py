"""How far long work is, and a checkpoint that is written beside training: told by the engine, shown while it lasts."""

from __future__ import annotations

import time

import msgspec
import pytest

from msopt_tui.engine.telling import PROGRESS_SECONDS, Telling
from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState
from msopt_tui.state.work import Work
from msopt_tui.steps.background import Gauge


def test_long_work_is_told_of_twice_a_second_and_short_work_not() -> None:
    gauge = Gauge()
    telling = Telling(gauge)
    assert telling.look(0.0) is None
    gauge.show("train", "checkpoint 5", 0, 1_000, "bytes")
    gauge.move(100)
    assert telling.look(1.0) is None
    gauge.end()
    assert telling.look(1.1) is None, "nobody has heard of it, so nobody hears of its end"
    gauge.show("train", "checkpoint 6", 0, 1_000, "bytes")
    told = []
    for tick in range(40):
        gauge.move(25)
        event = telling.look(2.0 + tick * PROGRESS_SECONDS / 10)
        if event is not None:
            told.append((event.detail, event.done, event.total))
    assert told == [("checkpoint 6", done, 1_000) for done in (275, 525, 775)]
    gauge.move(10**6)
    last = telling.look(99.0)
    assert last is not None
    assert last.done == last.total, "never more than all"
    gauge.end()
    over = telling.look(99.1)
    assert over == ev.Progressed(time=over.time if over else 0.0, phase="train", done=0, total=0, unit="")
    assert telling.look(99.9) is None


def test_work_that_counts_nothing_tells_its_seconds_and_does_not_pass_for_progress() -> None:
    gauge, began = Gauge(), time.monotonic()
    telling = Telling(gauge)
    gauge.show("preprocess", "merging pairs")
    assert [telling.look(began + second) is not None for second in range(4)] == [False, True, True, True]
    assert not telling.moved, "a watchdog must not take waiting for work"
    gauge.show("preprocess", "merging pairs")
    event = telling.look(began + 60)
    assert event is not None
    assert event.seconds == pytest.approx(60, abs=1)
    gauge.show("preprocess", "reading a.txt", 5, 0, "documents")
    assert telling.look(began + 60.1) is None, "not oftener than that, whatever begins"
    assert telling.moved


def test_short_pieces_of_one_work_are_told_of_together() -> None:
    """A thousand small files, each read in less than the time between two reports."""
    gauge, state = Gauge(), RunState()
    telling = Telling(gauge)
    state.apply(ev.PhaseChanged(phase="preprocess", status="started"))
    began = time.monotonic()
    for number in range(100):
        gauge.show("preprocess", f"reading {number}.txt", 10 * number, 0, "documents")
        event = telling.look(began + number / 10)
        if event is not None:
            state.apply(msgspec.structs.replace(event, time=1e9 + number / 10))
    assert state.work is not None
    assert state.work.line == "reading 95.txt 950 documents, 100 documents/s, 9.5 s so far"
    gauge.end()
    over = telling.look(began + 11)
    assert over is not None
    state.apply(over)
    assert state.work is None


def test_words() -> None:
    def work(done: int, total: int, unit: str, seconds: float = 12.0) -> Work:
        return Work(ev.Progressed(phase="preprocess", done=done, total=total, unit=unit, detail="x", seconds=seconds))

    assert work(1, 0, "documents").facts == ["  12 s so far", "    – documents/s", "x 1 document"]
    assert work(0, 1, "rows").progress_words == "x 0/1 row"
    assert work(1, 2, "rows").progress_words == "x 1/2 rows"
    assert work(0, 0, "").facts == ["  12 s so far", "x"]
    assert work(2**20, 0, "bytes").progress_words == "x 1.0 MiB"
    slow = work(0, 9, "rows")
    slow.goes_on(ev.Progressed(time=time.time() + 1e6, phase="preprocess", done=1, total=9, unit="rows", detail="x"))
    assert len(slow.rate_words) == len(work(0, 9, "rows").rate_words), "nothing moves beside it"


def test_it_is_shown_beside_training_until_it_is_saved_or_has_failed() -> None:
    state = RunState()
    state.apply(ev.PhaseChanged(phase="train", status="started"))
    steps = ev.StepsDone(first=1, losses=[1.0], grad_norms=[1.0], learning_rates=[1.0], seconds=1.0, tokens=1)
    for second in range(3):
        done = 2**30 * second
        state.apply(
            ev.Progressed(
                time=1e9 + second, phase="train", done=done, total=8 * 2**30, unit="bytes", detail="checkpoint 5"
            )
        )
        state.apply(steps)
    assert state.saving is not None
    assert state.work is None, "the run trains"
    assert state.saving.progress_words == "checkpoint 5 2.0 GiB of 8.0 GiB"
    assert state.saving.rate_words.strip() == "1.0 GiB/s"
    assert state.saving.seconds_left == 6.0
    state.apply(ev.CheckpointFailed(step=5, error="disk full"))
    assert state.saving is None


def test_what_is_over_leaves_no_bar_behind() -> None:
    state = RunState()
    state.apply(ev.PhaseChanged(phase="refine", status="started"))
    state.apply(ev.Progressed(phase="refine", done=10, total=20, unit="steps", detail="probe longer"))
    phase = state.phases["refine"]
    assert (phase.done, phase.total, phase.detail) == (10, 20, "probe longer")
    state.apply(ev.Progressed(phase="refine", done=0, total=0, unit=""))
    assert (phase.done, phase.total, phase.detail, phase.status) == (0, 0, "", "running")
    assert state.work is None

"""How far a checkpoint is that is written beside training: told by the engine, shown while it lasts."""

from __future__ import annotations

from msopt_tui.engine.telling import PROGRESS_SECONDS, Telling
from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState
from msopt_tui.steps.background import Gauge


def test_long_writing_is_told_of_twice_a_second_and_short_writing_not() -> None:
    gauge = Gauge()
    telling = Telling(gauge)
    assert telling.look(0.0) is None
    gauge.begin("checkpoint 5", 1_000)
    gauge.move(100)
    assert telling.look(1.0) is None
    gauge.end()
    assert telling.look(1.1) is None
    gauge.begin("checkpoint 6", 1_000)
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

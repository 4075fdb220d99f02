"""How a run begins, moves through its steps, waits and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msopt_tui.protocol import events as ev
from msopt_tui.state.fold.table import handles
from msopt_tui.state.parts import PhaseState, Status
from msopt_tui.state.rates import StepRate
from msopt_tui.state.spent import Spent
from msopt_tui.state.work import Work

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


@handles(ev.EngineStarted)
def _engine_started(state: RunState, event: ev.EngineStarted) -> None:
    state.first_started = state.first_started or event.time
    state.worked.engine(event.time, state.last_time)
    state.ended = None
    state.paused = False
    state.stalled = state.work = state.saving = None
    state.answering = None
    state.status = "starting"


@handles(ev.RunStarted)
def _run_started(state: RunState, event: ev.RunStarted) -> None:
    state.started = event
    state.work = None
    state.first_started = state.first_started or event.time
    state.worked.run(event.time, state.last_time)
    state.ended = None
    state.paused = False
    state.status = "starting"
    state.settings = dict(event.settings)
    state.adjusted = {}
    state.tokens = event.tokens
    state.proposals = []
    state.phases = {name: PhaseState() for name in ev.PHASES}
    state.rate = StepRate()
    state.spent = Spent()
    if event.resumed_from_step is not None:
        _forget_after(state, event.resumed_from_step)
    for name, value in event.changes.items():
        state.put(name, value)


def _forget_after(state: RunState, step: int) -> None:
    """Drop what a resumed run will do again."""
    for series in (state.losses, state.grad_norms, state.learning_rates):
        series.truncate_after(step)
    state.evaluations.forget_after(step)
    state.best = next((one for one in reversed(state.evaluations) if one.best), None)
    state.samples = [one for one in state.samples if one.step <= step]
    state.marks.forget_after(step)
    state.rounds = [one for one in state.rounds if one.step <= step]
    state.checkpoints = {at: one for at, one in state.checkpoints.items() if at <= step}
    state.step = min(state.step, step)


@handles(ev.PhaseChanged)
def _phase_changed(state: RunState, event: ev.PhaseChanged) -> None:
    state.work = None
    if event.phase == "train" and event.status == "started":
        state.spent.begin(event.time)
    elif event.phase == "evaluate" or event.phase == "refine":
        (state.spent.enter if event.status == "started" else state.spent.leave)(event.phase, event.time)
    phase = state.phases[event.phase]
    phase.detail = event.detail
    phase.done = phase.total = 0
    phase.seconds = event.seconds
    phase.status = {"started": "running", "finished": "done", "skipped": "skipped"}[event.status]  # type: ignore[assignment]  # Literal lost in the dict
    running: dict[ev.Phase, Status] = {"train": "running", "evaluate": "evaluating", "refine": "refining"}
    if event.status == "started":
        state.status = running.get(event.phase, "preparing")
        if event.phase == "train":
            state.phases["evaluate"] = PhaseState()
            state.phases["refine"] = PhaseState()
    elif event.phase == "evaluate" and state.phases["train"].status == "running":
        state.status = "paused" if state.paused else "running"


@handles(ev.Progressed)
def _progressed(state: RunState, event: ev.Progressed) -> None:
    over = not event.unit and not event.detail
    if event.phase == "train":  # a checkpoint that is written beside it
        if over:
            state.saving = None
        elif state.saving is None or not state.saving.goes_on(event):
            state.saving = Work(event)
        return
    phase = state.phases[event.phase]
    phase.done, phase.total, phase.unit, phase.detail = event.done, event.total, event.unit, event.detail
    if over:
        state.work = None
    elif state.work is None or not state.work.goes_on(event):
        state.work = Work(event)


@handles(ev.Paused)
def _paused(state: RunState, event: ev.Paused) -> None:
    state.paused = True
    state.work = None
    state.status = "paused"
    state.spent.enter("idle", event.time)
    state.marks.add("paused", event.step)


@handles(ev.Continued)
def _continued(state: RunState, event: ev.Continued) -> None:
    state.paused = False
    state.spent.leave("idle", event.time)
    of_phase: dict[ev.Phase, Status] = {"refine": "refining", "evaluate": "evaluating", "train": "running"}
    running = (status for phase, status in of_phase.items() if state.phases[phase].status == "running")
    state.status = next(running, "preparing")


@handles(ev.Alerted)
def _alerted(state: RunState, event: ev.Alerted) -> None:
    state.alerts.append(event)
    state.alert_count += 1


@handles(ev.Stalled)
def _stalled(state: RunState, event: ev.Stalled) -> None:
    state.stalled = event
    state.status = "stalled"


@handles(ev.StallEnded)
def _stall_ended(state: RunState, event: ev.StallEnded) -> None:
    if state.status == "stalled":
        # What came since may have said better already.
        before = state.stalled.doing if state.stalled else "running"
        going_on: tuple[Status, ...] = ("starting", "preparing", "running", "evaluating", "refining")
        state.status = next((status for status in going_on if status == before), "running")
    state.stalled = None


@handles(ev.RunEnded)
def _run_ended(state: RunState, event: ev.RunEnded) -> None:
    state.ended = event
    state.stalled = state.work = state.saving = None
    state.answering = None
    state.status = event.status
    state.proposals = []


@handles(ev.Noted)
def _noted(state: RunState, event: ev.Noted) -> None:
    """Only a line in the journal."""

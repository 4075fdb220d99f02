"""The state of a run, folded from its events: the one reducer behind the live screen, history, lines and refinement."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar, cast

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol import events as ev
from msopt_tui.state.describe import Line, describe
from msopt_tui.state.rates import StepRate
from msopt_tui.state.series import Series

Status = Literal[
    "starting",
    "preparing",
    "running",
    "evaluating",
    "refining",
    "paused",
    "deciding",
    "completed",
    "stopped",
    "cancelled",
    "failed",
]
"""`deciding`: a proposal waits for a person."""
RESOURCE_SAMPLES = 300
JOURNAL_LINES = 5_000

MarkKind = Literal["evaluation", "best", "checkpoint", "adjusted", "rollback", "round", "paused"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a step, to be shown on the charts."""

    step: int
    kind: MarkKind
    text: str = ""


@dataclass(slots=True)
class PhaseState:
    """One of the five steps in the pipeline strip."""

    status: Literal["pending", "running", "done", "skipped"] = "pending"
    detail: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class CommandState:
    """Life of one command."""

    command: str
    detail: str
    who: str
    status: Literal["requested", "applied", "refused"] = "requested"
    step: int | None = None
    answer: str = ""


@dataclass
class RunState:
    """Everything a screen shows of one run. Only `apply` changes it."""

    status: Status = "starting"
    started: ev.RunStarted | None = None
    first_started: float = 0.0
    """Time of the very first start, before any resume."""
    paused: bool = False
    phases: dict[ev.Phase, PhaseState] = field(default_factory=lambda: {name: PhaseState() for name in ev.PHASES})
    data: ev.DataPrepared | None = None
    inspection: ev.DataInspected | None = None
    model: ev.ModelReady | None = None
    round: int = 0
    round_first_step: int = 0
    last_step: int = 0
    """Step at which the current round ends."""
    step: int = 0
    tokens: int = 0
    train_seconds: float = 0.0
    losses: Series = field(default_factory=Series)
    grad_norms: Series = field(default_factory=Series)
    learning_rates: Series = field(default_factory=Series)
    metrics: dict[str, Series] = field(default_factory=dict)
    """Validation metrics by name, over steps."""
    evaluations: list[ev.Evaluated] = field(default_factory=list)
    best: ev.Evaluated | None = None
    test: ev.Evaluated | None = None
    samples: list[ev.Sampled] = field(default_factory=list)
    checkpoints: dict[int, ev.CheckpointSaved] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    settings: dict[str, Scalar] = field(default_factory=dict)
    """Every setting as it is in force now."""
    adjusted: dict[str, Scalar] = field(default_factory=dict)
    """Settings that differ from the project file: their value there."""
    commands: dict[str, CommandState] = field(default_factory=dict)
    findings: list[ev.Finding] = field(default_factory=list)
    proposals: list[ev.Proposal] = field(default_factory=list)
    """On the table now; empty when nothing waits."""
    probes: list[ev.Probed] = field(default_factory=list)
    rounds: list[ev.RoundEnded] = field(default_factory=list)
    resources: deque[ev.ResourcesSampled] = field(default_factory=lambda: deque(maxlen=RESOURCE_SAMPLES))
    journal: deque[Line] = field(default_factory=lambda: deque(maxlen=JOURNAL_LINES))
    journal_count: int = 0
    """Lines ever, so that a view knows which of them are new."""
    rate: StepRate = field(default_factory=StepRate)
    ended: ev.RunEnded | None = None
    last_time: float = 0.0
    """Time of the latest event."""
    version: int = 0
    """Grows with every event."""

    def apply(self, event: ev.Event) -> None:
        """Fold one event in."""
        self.version += 1
        self.last_time = event.time
        _HANDLERS[type(event)](self, event)
        line = describe(event)
        if line is not None:
            self.journal.append(line)
            self.journal_count += 1

    @property
    def loss(self) -> float | None:
        """The latest finite training loss."""
        return self.losses.last

    @property
    def eta_seconds(self) -> float | None:
        """Seconds to the end of the round at the recent rate; `None` where it can't be said."""
        return self.rate.eta(self.last_step - self.step)

    @property
    def over(self) -> bool:
        """Whether the engine is through."""
        return self.ended is not None

    def mark(self, kind: MarkKind, step: int, text: str = "") -> None:
        """Remember a mark for the charts."""
        self.marks.append(Mark(step, kind, text))

    def metric(self, name: str) -> Series:
        """The series of a validation metric, made on first use."""
        return self.metrics.setdefault(name, Series())


E = TypeVar("E")
Handler = Callable[[RunState, ev.Event], None]
_HANDLERS: dict[type, Handler] = {}


def _handles(kind: type[E]) -> Callable[[Callable[[RunState, E], None]], Callable[[RunState, E], None]]:
    def register(handler: Callable[[RunState, E], None]) -> Callable[[RunState, E], None]:
        _HANDLERS[kind] = cast(Handler, handler)
        return handler

    return register


@_handles(ev.EngineStarted)
def _engine_started(state: RunState, event: ev.EngineStarted) -> None:
    state.first_started = state.first_started or event.time
    state.ended = None
    state.paused = False
    state.status = "starting"


@_handles(ev.RunStarted)
def _run_started(state: RunState, event: ev.RunStarted) -> None:
    state.started = event
    state.first_started = state.first_started or event.time
    state.ended = None
    state.paused = False
    state.status = "starting"
    state.settings = dict(event.settings)
    state.adjusted = {}
    state.tokens = event.tokens
    state.proposals = []
    state.phases = {name: PhaseState() for name in ev.PHASES}
    state.rate = StepRate()
    if event.resumed_from_step is not None:
        _forget_after(state, event.resumed_from_step)
    for name, value in event.changes.items():
        _set(state, name, value)


def _forget_after(state: RunState, step: int) -> None:
    """Drop what a resumed run will do again."""
    for series in (state.losses, state.grad_norms, state.learning_rates, *state.metrics.values()):
        series.truncate_after(step)
    state.evaluations = [one for one in state.evaluations if one.step <= step]
    state.best = next((one for one in reversed(state.evaluations) if one.best), None)
    state.samples = [one for one in state.samples if one.step <= step]
    state.marks = [one for one in state.marks if one.step <= step]
    state.rounds = [one for one in state.rounds if one.step <= step]
    state.checkpoints = {at: one for at, one in state.checkpoints.items() if at <= step}
    state.step = min(state.step, step)


@_handles(ev.PhaseChanged)
def _phase_changed(state: RunState, event: ev.PhaseChanged) -> None:
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


@_handles(ev.Progressed)
def _progressed(state: RunState, event: ev.Progressed) -> None:
    phase = state.phases[event.phase]
    phase.done, phase.total, phase.unit, phase.detail = event.done, event.total, event.unit, event.detail


@_handles(ev.DataPrepared)
def _data_prepared(state: RunState, event: ev.DataPrepared) -> None:
    state.data = event


@_handles(ev.DataInspected)
def _data_inspected(state: RunState, event: ev.DataInspected) -> None:
    state.inspection = event


@_handles(ev.ModelReady)
def _model_ready(state: RunState, event: ev.ModelReady) -> None:
    state.model = event


@_handles(ev.RoundStarted)
def _round_started(state: RunState, event: ev.RoundStarted) -> None:
    if event.round > 1 and event.round != state.round:
        state.mark("round", event.step, f"round {event.round}")
    state.round = event.round
    state.round_first_step = event.step
    state.last_step = event.last_step
    state.probes = []
    state.proposals = []
    for name, value in event.changes.items():
        _set(state, name, value)


@_handles(ev.StepsDone)
def _steps_done(state: RunState, event: ev.StepsDone) -> None:
    state.losses.extend(event.first, event.losses)
    state.grad_norms.extend(event.first, event.grad_norms)
    state.learning_rates.extend(event.first, event.learning_rates)
    state.step = event.first + len(event.losses) - 1
    state.tokens += event.tokens
    state.train_seconds += event.seconds
    state.rate.add(len(event.losses), event.tokens, event.seconds)


@_handles(ev.Evaluated)
def _evaluated(state: RunState, event: ev.Evaluated) -> None:
    if event.split == "test":
        state.test = event
        return
    if event.reason == "probe":
        return
    state.evaluations.append(event)
    for name, value in event.metrics.items():
        state.metric(name).extend(event.step, [value])
    state.mark("best" if event.best else "evaluation", event.step)
    if event.best:
        state.best = event


@_handles(ev.Sampled)
def _sampled(state: RunState, event: ev.Sampled) -> None:
    state.samples.append(event)


@_handles(ev.CheckpointSaved)
def _checkpoint_saved(state: RunState, event: ev.CheckpointSaved) -> None:
    state.checkpoints[event.step] = event
    state.mark("checkpoint", event.step, event.reason)


@_handles(ev.CheckpointRemoved)
def _checkpoint_removed(state: RunState, event: ev.CheckpointRemoved) -> None:
    state.checkpoints.pop(event.step, None)


@_handles(ev.CommandRequested)
def _command_requested(state: RunState, event: ev.CommandRequested) -> None:
    state.commands[event.id] = CommandState(event.command, event.detail, event.who)


@_handles(ev.CommandApplied)
def _command_applied(state: RunState, event: ev.CommandApplied) -> None:
    command = state.commands.setdefault(event.id, CommandState(event.command, event.detail, ""))
    command.status, command.step, command.answer = "applied", event.step, event.detail


@_handles(ev.CommandRefused)
def _command_refused(state: RunState, event: ev.CommandRefused) -> None:
    command = state.commands.setdefault(event.id, CommandState(event.command, "", ""))
    command.status, command.answer = "refused", event.reason


@_handles(ev.Adjusted)
def _adjusted(state: RunState, event: ev.Adjusted) -> None:
    _set(state, event.setting, event.new)
    state.mark("adjusted", event.step, f"{event.setting} {event.old} → {event.new}")
    if event.setting == "train.max_steps" and isinstance(event.new, int) and event.new > 0:
        state.last_step = state.round_first_step + event.new


def _set(state: RunState, name: str, value: Scalar) -> None:
    written = state.started.settings.get(name) if state.started else None
    state.settings[name] = value
    if written is not None and written != value:
        state.adjusted[name] = written
    else:
        state.adjusted.pop(name, None)


@_handles(ev.RolledBack)
def _rolled_back(state: RunState, event: ev.RolledBack) -> None:
    state.mark("rollback", event.step, event.reason)


@_handles(ev.Paused)
def _paused(state: RunState, event: ev.Paused) -> None:
    state.paused = True
    state.status = "paused"
    state.mark("paused", event.step)


@_handles(ev.Continued)
def _continued(state: RunState, event: ev.Continued) -> None:
    state.paused = False
    of_phase: dict[ev.Phase, Status] = {"refine": "refining", "evaluate": "evaluating", "train": "running"}
    running = (status for phase, status in of_phase.items() if state.phases[phase].status == "running")
    state.status = next(running, "preparing")


@_handles(ev.Diagnosed)
def _diagnosed(state: RunState, event: ev.Diagnosed) -> None:
    state.findings = event.findings


@_handles(ev.Proposed)
def _proposed(state: RunState, event: ev.Proposed) -> None:
    state.proposals = event.proposals
    state.status = "deciding"


@_handles(ev.Probed)
def _probed(state: RunState, event: ev.Probed) -> None:
    state.probes.append(event)


@_handles(ev.Decided)
def _decided(state: RunState, event: ev.Decided) -> None:
    state.proposals = []
    state.status = "refining"


@_handles(ev.RoundEnded)
def _round_ended(state: RunState, event: ev.RoundEnded) -> None:
    state.rounds.append(event)


@_handles(ev.ResourcesSampled)
def _resources_sampled(state: RunState, event: ev.ResourcesSampled) -> None:
    state.resources.append(event)


@_handles(ev.RunEnded)
def _run_ended(state: RunState, event: ev.RunEnded) -> None:
    state.ended = event
    state.status = event.status
    state.proposals = []


@_handles(ev.CheckpointFailed)
def _checkpoint_failed(state: RunState, event: ev.CheckpointFailed) -> None:
    """Only a line in the journal."""


@_handles(ev.Noted)
def _noted(state: RunState, event: ev.Noted) -> None:
    """Only a line in the journal."""

"""The state of a run, folded from its events: the one reducer behind the live screen, history, lines and refinement."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol import events as ev
from msopt_tui.state.clock import Clock
from msopt_tui.state.energy import Energy
from msopt_tui.state.evaluations import EvaluationLines, Evaluations
from msopt_tui.state.fold import HANDLERS
from msopt_tui.state.fold.training import fold_evaluations
from msopt_tui.state.marks import Marks
from msopt_tui.state.metric_curves import MetricCurves
from msopt_tui.state.parts import Answering as Answering
from msopt_tui.state.parts import CommandState as CommandState
from msopt_tui.state.parts import PhaseState as PhaseState
from msopt_tui.state.parts import Status as Status
from msopt_tui.state.rates import StepRate
from msopt_tui.state.series import Series
from msopt_tui.state.spent import Spent
from msopt_tui.state.told import Told
from msopt_tui.state.work import Work
from msopt_tui.state.worked import Worked

RESOURCE_SAMPLES = 300
ANSWERS = 100
ALERTS = 20


@dataclass
class RunState:
    """Everything a screen shows of one run. Only `apply` changes it."""

    status: Status = "starting"
    started: ev.RunStarted | None = None
    first_started: float = 0.0
    """Time of the very first start, before any resume."""
    paused: bool = False
    stalled: ev.Stalled | None = None
    """While the worker shows no progress."""
    phases: dict[ev.Phase, PhaseState] = field(default_factory=lambda: {name: PhaseState() for name in ev.PHASES})
    work: Work | None = None
    """What is being done instead of training, as it last told of itself."""
    saving: Work | None = None
    """The checkpoint that is being written beside training."""
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
    worked: Worked = field(default_factory=Worked)
    """With an engine at work, all engines of the run together."""
    spent: Spent = field(default_factory=Spent)
    """Where the time of the latest engine went."""
    energy: Energy = field(default_factory=Energy)
    """Over all engines of the run."""
    evaluation_seconds: float = 0.0
    """Of the latest validation."""
    losses: Series = field(default_factory=Series)
    grad_norms: Series = field(default_factory=Series)
    learning_rates: Series = field(default_factory=Series)
    clock: Clock = field(default_factory=Clock)
    """Tokens, seconds and epochs behind each step."""
    evaluations: Evaluations = field(default_factory=Evaluations)
    """All validations but those of probes."""
    metrics: MetricCurves = field(init=False)
    """Their metrics by name, over steps."""
    best: ev.Evaluated | None = None
    test: ev.Evaluated | None = None
    samples: list[ev.Sampled] = field(default_factory=list)
    checkpoints: dict[int, ev.CheckpointSaved] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    """Steps of the checkpoints that retention leaves alone."""
    answers: deque[ev.Answered] = field(default_factory=lambda: deque(maxlen=ANSWERS))
    """To typed prompts and chosen files, the latest last."""
    answering: Answering | None = None
    """The one that is being written."""
    marks: Marks = field(default_factory=Marks)
    settings: dict[str, Scalar] = field(default_factory=dict)
    """Every setting as it is in force now."""
    adjusted: dict[str, Scalar] = field(default_factory=dict)
    """Settings that differ from the project file: their value there."""
    commands: dict[str, CommandState] = field(default_factory=dict)
    findings: list[ev.Finding] = field(default_factory=list)
    proposals: list[ev.Proposal] = field(default_factory=list)
    """On the table now; empty when nothing waits."""
    rate_test: ev.RateTested | None = None
    probes: list[ev.Probed] = field(default_factory=list)
    rounds: list[ev.RoundEnded] = field(default_factory=list)
    resources: deque[ev.ResourcesSampled] = field(default_factory=lambda: deque(maxlen=RESOURCE_SAMPLES))
    alerts: deque[ev.Alerted] = field(default_factory=lambda: deque(maxlen=ALERTS))
    alert_count: int = 0
    """Alerts ever, so that a view knows which of them are new."""
    journal: Told = field(default_factory=Told)
    rate: StepRate = field(default_factory=StepRate)
    ended: ev.RunEnded | None = None
    last_time: float = 0.0
    """Time of the latest event."""
    version: int = 0
    """Grows with every event."""

    def __post_init__(self) -> None:
        self.metrics = MetricCurves(self.evaluations)

    def apply(self, event: ev.Event) -> None:
        """Fold one event in."""
        self.version += 1
        HANDLERS[type(event)](self, event)
        self.last_time = event.time
        self.journal.extend([event])

    def apply_all(self, events: Iterable[ev.Event | EvaluationLines]) -> None:
        """Fold in events in their order: the same as `apply` to each."""
        for event in events:
            if isinstance(event, EvaluationLines):
                self.version += len(event)
                self.last_time = event.heads[-1].time
                fold_evaluations(self, event)
                self.journal.extend(event.lines)
            else:
                self.apply(event)

    @property
    def loss(self) -> float | None:
        """The latest finite training loss."""
        return self.losses.last

    @property
    def eta_seconds(self) -> float | None:
        """Seconds to the end of the round at the recent rate, with its evaluations; `None` where it can't be said."""
        steps = self.rate.eta(self.last_step - self.step)
        every = self.settings.get("train.eval_steps")
        if steps is None or not isinstance(every, int) or every < 1:
            return steps
        left = max(self.last_step // every - self.step // every, 0)
        return steps + left * self.evaluation_seconds

    @property
    def seconds(self) -> float:
        """The duration of the run so far, as `Worked` counts it."""
        return self.worked.seconds(self.last_time)

    @property
    def over(self) -> bool:
        """Whether the engine is through."""
        return self.ended is not None

    def metric(self, name: str) -> Series:
        """The series of a validation metric, empty where it was never measured."""
        return self.metrics.of(name)

    def put(self, name: str, value: Scalar) -> None:
        """Remember the value of a setting that is in force from now on."""
        written = self.started.settings.get(name) if self.started else None
        self.settings[name] = value
        if written is not None and written != value:
            self.adjusted[name] = written
        else:
            self.adjusted.pop(name, None)

"""Events: what happened in a run, past tense, in the order it happened. A closed set; the journal is made of them.

Plain scalars only. A number that is not finite is `None` (JSON has no NaN); whoever draws it shows a mark.
"""

from __future__ import annotations

from typing import Literal

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.data_events import DataInspected as DataInspected
from msopt_tui.protocol.data_events import DataPrepared as DataPrepared
from msopt_tui.protocol.evaluation_events import Evaluated as Evaluated
from msopt_tui.protocol.evaluation_events import Sampled as Sampled
from msopt_tui.protocol.event_base import PHASES as PHASES
from msopt_tui.protocol.event_base import Base as Base
from msopt_tui.protocol.event_base import Phase as Phase
from msopt_tui.protocol.refinement_events import Decided as Decided
from msopt_tui.protocol.refinement_events import Diagnosed as Diagnosed
from msopt_tui.protocol.refinement_events import Probed as Probed
from msopt_tui.protocol.refinement_events import Proposed as Proposed
from msopt_tui.protocol.refinement_events import RateTested as RateTested
from msopt_tui.protocol.supervision_events import Alerted as Alerted
from msopt_tui.protocol.supervision_events import Stalled as Stalled
from msopt_tui.protocol.supervision_events import StallEnded as StallEnded
from msopt_tui.protocol.values import Confusion as Confusion
from msopt_tui.protocol.values import Finding as Finding
from msopt_tui.protocol.values import FindingKind as FindingKind
from msopt_tui.protocol.values import Gpu as Gpu
from msopt_tui.protocol.values import Histogram as Histogram
from msopt_tui.protocol.values import Number as Number
from msopt_tui.protocol.values import Piece as Piece
from msopt_tui.protocol.values import PreviewRow as PreviewRow
from msopt_tui.protocol.values import Proposal as Proposal
from msopt_tui.protocol.values import Sample as Sample

EndStatus = Literal["completed", "stopped", "cancelled", "failed"]


class EngineStarted(Base, frozen=True, kw_only=True):
    """An engine took the run's lock; its libraries are being loaded. An end told of before is not the end."""

    process: int
    """Process id of the engine."""


class RunStarted(Base, frozen=True, kw_only=True):
    """The engine took the run up, for the first time or again."""

    run: str
    """Name of the run: its directory's name."""
    project: str
    description: str = ""
    settings: dict[str, Scalar]
    """Every setting by its dotted key, as written in the project file and overridden."""
    changes: dict[str, Scalar] = {}
    """Settings in force that differ from those: adjusted or refined before the run was taken up again."""
    versions: dict[str, str] = {}
    """Python, torch, transformers and our own."""
    resumed_from_step: int | None = None
    """Step of the checkpoint that the run goes on from; `None` for a fresh start. What the journal holds of later
    steps did not last."""
    tokens: int = 0
    """Trained on before this start."""


class PhaseChanged(Base, frozen=True, kw_only=True):
    """One of the five steps began, ended, or had nothing to do."""

    phase: Phase
    status: Literal["started", "finished", "skipped"]
    round: int = 0
    step: int = 0
    detail: str = ""
    seconds: float = 0.0
    """How long it took, when it ended."""


class Progressed(Base, frozen=True, kw_only=True):
    """How far long work has come; twice a second at most. Without unit and detail: it is over."""

    phase: Phase
    done: int
    total: int
    """0 where the end is not known."""
    unit: str
    """In the plural; empty where there is nothing to count, and only the seconds tell that it goes on."""
    detail: str = ""
    seconds: float = 0.0
    """How long it has been going on."""


class ModelReady(Base, frozen=True, kw_only=True):
    """The network stands on its device."""

    architecture: str
    parameters: int
    trainable: int
    bytes: int
    """Weights, gradients and optimiser state (bytes)."""
    flops_per_token: float
    """Forward and backward, 6 N plus attention, after PaLM (arXiv:2204.02311), appendix B."""
    device: str
    dtype: str
    """Type of the matrix products."""


class RoundStarted(Base, frozen=True, kw_only=True):
    """A round of train, evaluate, refine began."""

    round: int
    step: int
    """Optimiser steps done before it, all rounds counted."""
    last_step: int
    """Step at which it ends if nothing changes that."""
    from_step: int | None = None
    """Step of the checkpoint its weights come from; `None` for the initial weights."""
    changes: dict[str, Scalar] = {}
    """Settings that differ from the round before."""
    tokens_per_step: int = 0
    spent: dict[str, int] = {}
    """Tokens until then: trained, evaluated, probed; what a race before it took is in it."""


class StepsDone(Base, frozen=True, kw_only=True):
    """Consecutive optimiser steps, one entry a step in every list: nothing sampled, nothing averaged."""

    first: int
    """The first of the steps, counted from 1."""
    losses: list[Number]
    """Mean cross-entropy of the step's rows (nats a token), before the update."""
    grad_norms: list[Number]
    """2-norm of the gradient before clipping."""
    learning_rates: list[float]
    seconds: float
    """Wall time of all these steps together, waiting and evaluating not counted."""
    tokens: int
    """Tokens trained on in these steps."""
    split: dict[str, float] = {}
    """Where the seconds went: `data`, `backward` (with the forward pass), `optimiser`. On CUDA by the device's own
    time, its waiting for the host included; empty where neither clock tells."""


class CheckpointSaved(Base, frozen=True, kw_only=True):
    """A checkpoint is complete on disk."""

    step: int
    path: str
    """Relative to the run directory."""
    bytes: int
    seconds: float
    reason: str


class CheckpointRemoved(Base, frozen=True, kw_only=True):
    """A checkpoint went because of `save_total_limit`."""

    step: int


class CheckpointFailed(Base, frozen=True, kw_only=True):
    """A checkpoint could not be written; what was there before stays."""

    step: int
    error: str


class CommandRequested(Base, frozen=True, kw_only=True):
    """A command reached the engine."""

    id: str
    command: str
    detail: str = ""
    who: str


class CommandApplied(Base, frozen=True, kw_only=True):
    """A command took effect."""

    id: str
    command: str
    step: int
    detail: str = ""


class CommandRefused(Base, frozen=True, kw_only=True):
    """A command did not take effect, and why."""

    id: str
    command: str
    reason: str


class Adjusted(Base, frozen=True, kw_only=True):
    """A setting has another value from the next step on."""

    step: int
    setting: str
    old: Scalar
    new: Scalar
    who: str
    why: str = ""


class RolledBack(Base, frozen=True, kw_only=True):
    """The weights are those of an earlier checkpoint again; the steps since count, and their data is not used again."""

    step: int
    """Optimiser steps done."""
    from_step: int
    """Step of the checkpoint whose weights, optimiser state and random numbers are in force."""
    since: int
    """First step that went wrong."""
    reason: str
    who: str


class Answered(Base, frozen=True, kw_only=True):
    """What the weights make of a typed prompt or of a chosen file: for whoever asked, and on no curve."""

    id: str
    """Of the command."""
    step: int
    prompt: str = ""
    text: str = ""
    cancelled: bool = False
    """Whether it was cut off before its end."""
    file: str = ""
    metrics: dict[str, Number] = {}
    """Of the file."""


class AnswerGrew(Base, frozen=True, kw_only=True):
    """More of an answer that is being written; ten times a second at most. `Answered` has it whole."""

    id: str
    """Of the command."""
    kept: int
    """Characters of what was told so far that still stand."""
    text: str
    """What comes behind them: whole characters."""


class CheckpointPinned(Base, frozen=True, kw_only=True):
    """A checkpoint is kept whatever `save_total_limit` says, or no longer."""

    step: int
    pinned: bool


class Paused(Base, frozen=True, kw_only=True):
    """The loop waits at a step boundary; the model stays in memory."""

    step: int
    reason: str


class Continued(Base, frozen=True, kw_only=True):
    """The loop goes on."""

    step: int


class RoundEnded(Base, frozen=True, kw_only=True):
    """A round is over."""

    round: int
    step: int
    reason: str
    best_step: int | None = None
    best_loss: Number = None
    """Over the validation rows that refinement goes by."""
    holdout_loss: Number = None
    """Of the best step, over the validation rows kept out of refinement's sight (`refine.holdout_fraction`)."""
    spent: dict[str, int] = {}
    """Tokens so far: trained, evaluated, probed."""


class ResourcesSampled(Base, frozen=True, kw_only=True):
    """What the machine and the engine use."""

    cpu: float
    """Of the whole machine, per cent."""
    process_cpu: float
    """Of the engine, per cent of one core."""
    process_memory: int
    """Resident memory of the engine (bytes)."""
    memory_used: int
    memory_total: int
    disk_free: int
    disk_total: int
    disk_read: Number = None
    """Of all disks (bytes a second), over the time since the sample before; `None` where the system does not say."""
    disk_written: Number = None
    net_received: Number = None
    """Over all networks but the machine's own (bytes a second)."""
    net_sent: Number = None
    gpu_energy: Number = None
    """That all GPUs of the machine took since the sample before (joules); `None` where nothing measures it."""
    cpu_energy: Number = None
    """The same of its CPU packages (joules), by RAPL."""
    gpus: list[Gpu] = []


class Noted(Base, frozen=True, kw_only=True):
    """Something worth a line: a warning, advice, a broken theme."""

    level: Literal["info", "warning", "error"]
    text: str
    step: int | None = None


class RunEnded(Base, frozen=True, kw_only=True):
    """The engine is through with the run."""

    status: EndStatus
    step: int
    reason: str = ""
    """For `failed` the exception; the traceback is in `output.log`."""
    model: str = ""
    """Folder with the best model, for `from_pretrained`."""
    exit_code: int = 0


Event = (
    EngineStarted
    | RunStarted
    | PhaseChanged
    | Progressed
    | DataPrepared
    | DataInspected
    | ModelReady
    | RoundStarted
    | StepsDone
    | Evaluated
    | Sampled
    | CheckpointSaved
    | CheckpointRemoved
    | CheckpointFailed
    | CommandRequested
    | CommandApplied
    | CommandRefused
    | Adjusted
    | RolledBack
    | Answered
    | AnswerGrew
    | CheckpointPinned
    | Paused
    | Continued
    | Diagnosed
    | Proposed
    | RateTested
    | Probed
    | Decided
    | RoundEnded
    | ResourcesSampled
    | Noted
    | Stalled
    | StallEnded
    | Alerted
    | RunEnded
)

"""What the state of a run is made of besides events and series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal[
    "starting",
    "preparing",
    "running",
    "evaluating",
    "refining",
    "paused",
    "deciding",
    "stalled",
    "completed",
    "stopped",
    "cancelled",
    "failed",
]
"""`deciding`: a proposal waits for a person. `stalled`: no progress for `resources.stall_timeout_s`."""


@dataclass(slots=True)
class PhaseState:
    """One of the five steps in the pipeline strip."""

    status: Literal["pending", "running", "done", "skipped"] = "pending"
    detail: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Answering:
    """An answer that is being written."""

    id: str
    """Of the command that asked for it."""
    text: str


@dataclass(slots=True)
class CommandState:
    """Life of one command."""

    command: str
    detail: str
    who: str
    status: Literal["requested", "applied", "refused"] = "requested"
    step: int | None = None
    answer: str = ""

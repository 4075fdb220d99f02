"""Events of the fourth step: figures, and what the network makes of examples."""

from __future__ import annotations

from typing import Literal

from msopt_tui.protocol.event_base import Base
from msopt_tui.protocol.values import Confusion, Number, Sample


class Evaluated(Base, frozen=True, kw_only=True):
    """One evaluation ended."""

    step: int
    round: int
    split: Literal["validation", "test"]
    reason: Literal["cadence", "asked", "round end", "start", "final", "probe"]
    metrics: dict[str, Number]
    """By name: see `msopt_tui.protocol.metrics` for unit and direction."""
    seconds: float
    best: bool = False
    """Better than every validation before it."""
    confusion: Confusion | None = None
    """Of tasks with classes."""
    signatures: dict[str, str] = {}
    """Metric to what its value was computed with, where that has a name, such as sacrebleu's."""
    source_losses: dict[str, Number] = {}
    """The loss over the targets of each source, in the order of the sources; empty where there is only one."""


class Sampled(Base, frozen=True, kw_only=True):
    """The project's prompts continued by the current weights."""

    step: int
    samples: list[Sample]

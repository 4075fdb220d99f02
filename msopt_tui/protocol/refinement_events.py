"""Events of the fifth step: what a round showed, what is proposed, what races measured, what was decided."""

from __future__ import annotations

from typing import Literal

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.event_base import Base
from msopt_tui.protocol.values import Finding, Number, Proposal


class Diagnosed(Base, frozen=True, kw_only=True):
    """A round was looked at."""

    round: int
    step: int
    findings: list[Finding]


class Proposed(Base, frozen=True, kw_only=True):
    """A change for the next round is on the table."""

    round: int
    step: int
    proposals: list[Proposal]


class RateTested(Base, frozen=True, kw_only=True):
    """A few steps went through rising learning rates; the weights are those from before it again."""

    round: int
    step: int
    rates: list[float]
    losses: list[Number]
    """Training loss at each rate (nats a token)."""
    suggested: Number = None
    """The rate that is stable with room to spare; `None` where the curve does not say."""


class Probed(Base, frozen=True, kw_only=True):
    """A proposal, or the unchanged control, ran for a short stretch from the same checkpoint on the same batches."""

    round: int
    proposal: str
    """Id of the proposal; `control` for the unchanged settings."""
    from_step: int
    steps: int
    """Of all its heats so far."""
    loss: Number
    """Validation loss at the end of the stretch (nats a token)."""
    margin: Number = None
    """Control minus proposal, paired over the validation rows (nats a token); above 0 the proposal is better."""
    standard_error: Number = None
    """Of the margin."""
    heat: int = 1
    """Of the race, counted from 1; each has fewer contestants than the one before."""
    eliminated: bool = False
    """Whether the race goes on without it."""


class Decided(Base, frozen=True, kw_only=True):
    """What becomes of a proposal."""

    round: int
    proposal: str
    decision: Literal["accepted", "edited", "rejected", "none"]
    changes: dict[str, Scalar] = {}
    who: str
    reason: str = ""

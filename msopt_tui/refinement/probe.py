"""The race between a proposal and the unchanged control: what is compared and how sure the difference is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import mean, stdev

CONTROL = "control"
"""Id of the unchanged settings in a race."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one contestant ended: the mean loss of every validation row (nats a token), in the rows' order."""

    proposal: str
    row_losses: list[float]

    @property
    def loss(self) -> float:
        """Mean over the rows; infinite where the contestant blew up."""
        return mean(self.row_losses) if all(map(isfinite, self.row_losses)) else float("inf")


@dataclass(frozen=True, slots=True)
class Margin:
    """Control minus proposal: above 0 the proposal is better."""

    mean: float
    standard_error: float

    @property
    def convincing(self) -> bool:
        """Beyond the noise of the validation estimate: two standard errors."""
        return self.mean > 2 * self.standard_error


def margin(control: Outcome, proposal: Outcome) -> Margin:
    """Paired difference over the same rows, which takes the rows' own difficulty out of the noise.

    The standard error is s/√n of the row differences.
    """
    assert len(control.row_losses) == len(proposal.row_losses), "a race is run on the same rows"
    if not isfinite(proposal.loss):
        return Margin(-float("inf"), 0.0)
    if not isfinite(control.loss):
        return Margin(float("inf"), 0.0)
    differences = [a - b for a, b in zip(control.row_losses, proposal.row_losses, strict=True)]
    spread = stdev(differences) / sqrt(len(differences)) if len(differences) > 1 else float("inf")
    return Margin(mean(differences), spread)

"""The race between proposals and the unchanged control: heats, what is compared and how sure it is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from statistics import mean, stdev

CONTROL = "control"
"""Id of the unchanged settings in a race."""
SURE = 2.0
"""Standard errors beyond which a difference is more than noise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one contestant stands: the mean loss of every validation row (nats a token), in the rows' order."""

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
        """Beyond the noise of the validation estimate."""
        return self.mean > SURE * self.standard_error


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


def heats(proposals: int, steps: int) -> list[int]:
    """Steps at which the heats end, the last of them at `steps`: successive halving (Jamieson and Talwalkar 2016,
    arXiv:1502.07943) until at most two proposals are left beside the control.
    """
    count = 1
    while proposals > 2:
        proposals, count = ceil(proposals / 2), count + 1
    return sorted({max(1, round(steps * number / count)) for number in range(1, count + 1)})


def survivors(outcomes: Sequence[Outcome]) -> list[str]:
    """The better half of the proposals of a heat, the best first; the control is not among them and always stays."""
    ranked = sorted((one for one in outcomes if one.proposal != CONTROL), key=lambda one: one.loss)
    return [one.proposal for one in ranked[: max(1, ceil(len(ranked) / 2))]]

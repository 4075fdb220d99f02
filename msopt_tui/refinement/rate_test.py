"""The learning-rate range test (Smith 2017, arXiv:1506.01186): which rates are stable, seen in a few steps. Pure.

Short races between rates are myopic: over a few dozen steps a rate well below the best one wins, because it has less
noise to show. Where the loss stops falling under rising rates says more: stability is measured then, not progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from statistics import mean

from msopt_tui.refinement.evidence import noise_of

LOWEST, HIGHEST = 1e-4, 1.0
"""The rates gone through, unless the one written lies near or outside an end."""
REACH = 10.0
"""How far below and above the written rate the test goes at least."""
SMOOTHING = 7
"""Steps that a point of the smoothed curve is the mean of."""
RISEN = 0.25
"""Share of the descent that must be lost again before the test counts as over the top."""
LEAST_DESCENT = 0.03
"""Share of the first loss that the test must take off it."""
SETTLES = 3.0
"""Steps in which a run at the suggested rate would do half of the test's descent. Smaller is faster and less stable;
with a long warm-up, rates within a factor of two of it end alike (`benchmarks/README.md`)."""
WORTH_CHANGING = 1.3
"""A written rate within this factor of the suggested one is left alone: tests of one model on three corpora and four
seeds, of 24 and of 40 steps, all lay within 20 % of their mean."""
WORTH_CHANGING_CAUTIOUS = 5.0
"""The same where stability is not all that limits the rate: what was learned before can be forgotten, and a small text
is learned by heart the faster."""
LEAST = 12
"""Steps without which nothing is read from a curve."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a range test showed."""

    suggested: float
    lowest_at: float
    """Rate at which the smoothed loss was lowest."""
    descent: float
    """How far the smoothed loss fell (nats a token)."""


def rates_for(written: float, steps: int) -> list[float]:
    """`steps` rates, each the same factor above the one before."""
    low, high = min(LOWEST, written / REACH), max(HIGHEST, written * REACH)
    return [low * (high / low) ** (step / max(steps - 1, 1)) for step in range(steps)]


def over_the_top(losses: list[float]) -> bool:
    """Whether the loss has risen so far again that higher rates need not be tried."""
    if not isfinite(losses[-1]):
        return True
    if len(losses) < LEAST:
        return False
    smooth = smoothed(losses)
    low = min(smooth)
    return mean(losses[-3:]) - low > RISEN * max(smooth[0] - low, 0.0) and smooth[0] > low and losses[-1] > low


def smoothed(losses: list[float]) -> list[float]:
    """Means over windows centred on each step, cut off at the ends."""
    half = SMOOTHING // 2
    return [mean(losses[max(0, at - half) : at + half + 1]) for at in range(len(losses))]


def read(rates: list[float], losses: list[float]) -> Reading | None:
    """The rate with room to spare; `None` where the loss did not fall beyond the noise.

    `losses` [steps] belong to the first of `rates`; those from the first that is not finite on are left out. The rate
    at the lowest loss scatters by a factor of three from seed to seed, and the sum of the rates up to where half of the
    descent is done by a tenth: an Adam step moves every weight by about its rate, so the sum is how far the weights had
    to go. That way in SETTLES steps is the suggestion.
    """
    finite = losses[: _whole(losses)]
    if len(finite) < LEAST:
        return None
    smooth = smoothed(finite)
    lowest = smooth.index(min(smooth))
    descent = smooth[0] - smooth[lowest]
    if lowest < 3 or descent <= max(LEAST_DESCENT * abs(smooth[0]), 2 * noise_of(finite)):
        return None
    half = smooth[0] - descent / 2
    at = next(at for at, loss in enumerate(smooth) if loss <= half)
    share = (smooth[at - 1] - half) / (smooth[at - 1] - smooth[at])
    way = sum(rates[:at]) + share * rates[at]
    return Reading(float(f"{way / SETTLES:.2g}"), rates[lowest], descent)


def _whole(losses: list[float]) -> int:
    """How many losses come before the first that is not finite."""
    return next((at for at, loss in enumerate(losses) if not isfinite(loss)), len(losses))

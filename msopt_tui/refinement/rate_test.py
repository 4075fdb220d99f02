"""The learning-rate range test (Smith 2017, arXiv:1506.01186): which rates are stable, seen in a few steps. Pure.

Short races between rates are myopic: over a few dozen steps a rate well below the best one wins, because it has less
noise to show. Where the loss stops falling under rising rates says more: stability is measured then, not progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import mean

LOWEST, HIGHEST = 1e-4, 1.0
"""The rates gone through, unless the one written lies near or outside an end."""
REACH = 10.0
"""How far below and above the written rate the test goes at least."""
SMOOTHING = 7
"""Steps that a point of the smoothed curve is the mean of."""
RISEN = 0.25
"""Share of the descent that must be lost again before the test counts as over the top."""
ROOM = 4.0
"""The rate suggested is so much below the one with the lowest smoothed loss."""
WORTH_CHANGING = 1.5
"""A written rate within this factor of the suggested one is left alone: repeated tests differ by as much."""
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
    """The rate with room to spare below the top; `None` where the loss did not fall, or never rose again.

    `losses` [steps] belong to the first of `rates`; those from the first that is not finite on are left out. Two
    readings are averaged geometrically, because their noise has different causes: a quarter of the rate at the lowest
    smoothed loss (where stability ends), and the rate at which half of the descent was done (how far the weights have
    to move).
    """
    finite = losses[: _whole(losses)]
    if len(finite) < LEAST:
        return None
    smooth = smoothed(finite)
    lowest = smooth.index(min(smooth))
    descent = smooth[0] - smooth[lowest]
    never_rose = lowest >= len(smooth) - 2 and len(finite) == len(losses)
    if descent <= 0.0 or lowest < 3 or never_rose:
        return None
    half_way = next(at for at, loss in enumerate(smooth) if loss <= smooth[0] - descent / 2)
    suggested = sqrt(rates[lowest] / ROOM * min(rates[half_way], rates[lowest]))
    return Reading(float(f"{suggested:.2g}"), rates[lowest], descent)


def _whole(losses: list[float]) -> int:
    """How many losses come before the first that is not finite."""
    return next((at for at, loss in enumerate(losses) if not isfinite(loss)), len(losses))

"""Signs of how well what was learned carries over: overfitting, underfitting, data that is used up."""

from __future__ import annotations

from itertools import pairwise

from msopt_tui.protocol.events import Finding
from msopt_tui.refinement.evidence import Evidence, noise_of, window_medians

OVERFIT_RISE = 0.01
"""Relative rise of the validation loss over its best that counts as overfitting."""
MANY_PASSES = 4.0
"""Passes over the data up to which repeated text is worth nearly as much as new (arXiv:2305.16264)."""
FLAT = 0.005
"""Relative change below which a curve counts as flat."""


def overfitting(evidence: Evidence) -> Finding | None:
    """The validation loss has risen over its best while the training loss went on falling."""
    best, curve = evidence.best, window_medians(evidence.train)
    if best is None or len(curve) < 3 or evidence.validation[-1][0] <= best[0]:
        return None
    last_step, last = evidence.validation[-1]
    rise = (last - best[1]) / max(abs(best[1]), 1e-9)
    if rise < OVERFIT_RISE or curve[-1] >= curve[len(curve) // 2]:
        return None  # where the training loss rises too, it is not the data that is learned by heart
    gap, slope = last - curve[-1], _gap_slope(evidence, curve)
    age = sum(step > best[0] for step, _ in evidence.validation)
    return Finding(
        kind="overfitting",
        confidence=min(1.0, rise / (4 * OVERFIT_RISE)),
        evidence=(
            f"validation rose {rise:.1%} from {best[1]:.3f} at step {best[0]}, {age} evaluations ago, to {last:.3f} at "
            f"step {last_step} while training fell to {curve[-1]:.3f} (gap {gap:.3f}, {slope:+.3f} in a hundred steps)"
        ),
        figures={"rise": rise, "gap": gap, "slope": slope, "age": float(age), "best_step": float(best[0])},
    )


def _gap_slope(evidence: Evidence, curve: list[float]) -> float:
    """How fast validation minus training loss grows since the best, in nats a token over 100 steps."""
    best = evidence.best
    assert best is not None, "looked at by the caller"
    first = evidence.validation[0][0]
    last_step, last = evidence.validation[-1]
    span = max(last_step - first, 1)
    then = curve[min(int((best[0] - first) / span * len(curve)), len(curve) - 1)]
    growth = (last - curve[-1]) - (best[1] - then)
    return 100.0 * growth / max(last_step - best[0], 1)


def underfitting(evidence: Evidence) -> Finding | None:
    """Training and validation stand still together, far from what repetition would bring: too small or too held back.

    Only a sign: a text may be as hard as that.
    """
    curve, points = window_medians(evidence.train), evidence.validation
    if len(curve) < 6 or len(points) < 4 or evidence.chance is None:
        return None
    third = len(curve) // 3
    gain = (curve[-third - 1] - curve[-1]) / max(abs(curve[-1]), 1e-9)
    gap, noise = points[-1][1] - curve[-1], noise_of(evidence.train)
    if gain >= FLAT or gain < -FLAT or abs(gap) > max(noise, FLAT * abs(curve[-1])):
        return None
    if not 0.5 * evidence.chance < curve[-1] < evidence.chance:
        return None
    return Finding(
        kind="underfitting",
        confidence=0.5,
        evidence=(
            f"training stands still at {curve[-1]:.3f} with no gap to validation ({gap:+.3f}), "
            f"{curve[-1] / evidence.chance:.0%} of what knowing nothing costs"
        ),
        figures={"gap": gap, "gain": gain, "chance": evidence.chance},
    )


def data_exhausted(evidence: Evidence) -> Finding | None:
    """Passed over often, and a gap between training and validation that keeps growing."""
    points, curve = evidence.validation, window_medians(evidence.train)
    if evidence.passes <= MANY_PASSES or len(points) < 3 or len(curve) < 3:
        return None
    gains = [before - after for (_, before), (_, after) in pairwise(points)]
    gap = points[-1][1] - curve[-1]
    if gap <= noise_of(evidence.train) or gains[-1] > 0.5 * max(gains[0], 0.0):
        return None
    return Finding(
        kind="data-exhausted",
        confidence=min(0.9, evidence.passes / (8 * MANY_PASSES)),
        evidence=f"{evidence.passes:.1f} passes over the data, training {gap:.3f} below validation",
        figures={"passes": evidence.passes, "gap": gap},
    )

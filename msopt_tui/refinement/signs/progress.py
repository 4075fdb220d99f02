"""Signs of how fast it goes: still improving, a plateau, a rate that crawls, progress lost in the noise."""

from __future__ import annotations

from msopt_tui.protocol.events import Finding
from msopt_tui.refinement.evidence import Evidence, noise_of, window_medians

PLATEAU_GAIN = 0.005
"""Relative gain of the last third of a round below which it counts as a plateau."""
STRAIGHT = 0.6
"""Share of the first half's descent that the second half must reach for a curve to count as a straight line. Where the
rate fits, most of the descent comes first."""


def trend(evidence: Evidence) -> Finding | None:
    """Still improving, or a plateau: what the last third of the round added to the best before it."""
    points = evidence.validation
    if len(points) < 3:
        return None
    cut = max(1, len(points) - max(1, len(points) // 3))
    before, after = min(loss for _, loss in points[:cut]), min(loss for _, loss in points[cut:])
    gain = (before - after) / max(abs(before), 1e-9)
    if gain >= PLATEAU_GAIN:
        return Finding(
            kind="improving",
            confidence=min(1.0, gain / (4 * PLATEAU_GAIN)),
            evidence=f"the last third of the round still lowered the validation loss by {gain:.1%} to {after:.3f}",
            figures={"gain": gain},
        )
    return Finding(
        kind="plateau",
        confidence=min(1.0, 1 - gain / PLATEAU_GAIN) if gain > 0 else 0.9,
        evidence=f"the last third of the round gained {gain:.2%} on {before:.3f}",
        figures={"gain": gain},
    )


def rate_too_low(evidence: Evidence) -> Finding | None:
    """A training loss that falls in a straight line from the start, hardly noisier than its own progress."""
    curve, noise = window_medians(evidence.train), noise_of(evidence.train)
    if len(curve) < 8:
        return None
    half = len(curve) // 2
    first, second = curve[0] - curve[half], curve[half] - curve[-1]
    total = first + second
    # Half of what knowing nothing costs is what any fitting rate does within a round; a crawl has not left the start.
    crawls = evidence.chance is None or curve[-1] > 0.6 * evidence.chance
    if first <= 0 or total <= noise or second < STRAIGHT * first or not crawls:
        return None
    return Finding(
        kind="rate-too-low",
        confidence=min(0.8, 0.8 * second / first),
        evidence=(
            f"training loss falls in a straight line: {first:.3f} in the first half of the round, {second:.3f} in the "
            f"second, to {curve[-1]:.3f}"
        ),
        figures={"first": first, "second": second, "noise": noise},
    )


def noisy(evidence: Evidence) -> Finding | None:
    """The last third's progress is far below the noise of a single step: a larger batch would see more.

    A proxy: the noise scale itself (arXiv:1812.06162) needs gradients of two batch sizes.
    """
    curve, noise = window_medians(evidence.train), noise_of(evidence.train)
    if len(curve) < 9:
        return None
    third = len(curve) // 3
    gain = curve[-third - 1] - curve[-1]
    if gain <= 0 or gain >= 0.1 * noise:
        return None
    return Finding(
        kind="noisy",
        confidence=min(0.5, 0.05 * noise / gain),
        evidence=f"the last third gained {gain:.4f} where one step's noise is {noise:.4f}",
        figures={"gain": gain, "noise": noise},
    )

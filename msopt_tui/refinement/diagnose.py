"""What the curves of a round say, with the figures that say it. Pure functions over series."""

from __future__ import annotations

from statistics import median

from msopt_tui.protocol.events import Finding
from msopt_tui.refinement.evidence import Evidence, noise_of, window_medians

PLATEAU_GAIN = 0.005
"""Relative gain of the last third of a round below which it counts as a plateau."""
OVERFIT_RISE = 0.01
"""Relative rise of the validation loss over its best that counts as overfitting."""
SPIKE_SIGMAS = 6.0


def diagnose(evidence: Evidence) -> list[Finding]:
    """Every finding the round supports, the surest first; empty where there is too little to go by."""
    found = (_diverging(evidence), _unstable(evidence), _overfitting(evidence), _trend(evidence))
    return sorted((one for one in found if one is not None), key=lambda one: -one.confidence)


def _diverging(evidence: Evidence) -> Finding | None:
    if evidence.not_finite:
        return Finding(
            kind="diverging",
            confidence=1.0,
            evidence=f"{evidence.not_finite} steps with a loss or gradient that is not finite",
            figures={"not_finite": float(evidence.not_finite)},
        )
    curve = window_medians(evidence.train)
    if len(curve) < 3:
        return None
    low, end = min(curve), curve[-1]
    rise, noise = end - low, noise_of(evidence.train)
    bound = max(3 * noise, 0.1 * abs(low))
    if rise <= bound:
        return None
    return Finding(
        kind="diverging",
        confidence=min(1.0, rise / (2 * bound)),
        evidence=f"training loss ends at {end:.3f}, {rise:.3f} above its low of {low:.3f} (noise {noise:.3f})",
        figures={"end": end, "low": low, "noise": noise},
    )


def _unstable(evidence: Evidence) -> Finding | None:
    """Spikes: steps far above the median of the ten before them."""
    values, noise = evidence.train, noise_of(evidence.train)
    if len(values) < 40 or noise == 0.0:
        return None
    spikes = sum(values[at] - median(values[at - 10 : at]) > SPIKE_SIGMAS * noise for at in range(10, len(values)))
    share = spikes / len(values)
    if share < 0.01:
        return None
    return Finding(
        kind="unstable",
        confidence=min(1.0, share * 20),
        evidence=f"{spikes} of {len(values)} steps spike by more than {SPIKE_SIGMAS:g} sigma",
        figures={"spikes": float(spikes), "steps": float(len(values))},
    )


def _overfitting(evidence: Evidence) -> Finding | None:
    best = evidence.best
    curve = window_medians(evidence.train)
    if best is None or len(curve) < 3 or evidence.validation[-1][0] <= best[0]:
        return None
    last_step, last = evidence.validation[-1]
    rise = (last - best[1]) / max(abs(best[1]), 1e-9)
    if rise < OVERFIT_RISE or curve[-1] >= curve[len(curve) // 2]:
        return None  # where the training loss rises too, it is not the data that is learned by heart
    gap = last - curve[-1]
    return Finding(
        kind="overfitting",
        confidence=min(1.0, rise / (4 * OVERFIT_RISE)),
        evidence=(
            f"validation rose {rise:.1%} from {best[1]:.3f} at step {best[0]} to {last:.3f} at step {last_step} "
            f"while training fell to {curve[-1]:.3f} (gap {gap:.3f})"
        ),
        figures={"rise": rise, "gap": gap, "best_step": float(best[0])},
    )


def _trend(evidence: Evidence) -> Finding | None:
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

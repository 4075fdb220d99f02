"""Signs that the run comes off its course: broken steps, a loss that climbs, spikes, a start that went up."""

from __future__ import annotations

from statistics import median

from msopt_tui.protocol.events import Finding
from msopt_tui.refinement.evidence import Evidence, noise_of, window_medians

SPIKE_SIGMAS = 6.0


def diverging(evidence: Evidence) -> Finding | None:
    """Steps that are not finite, or a training loss that ends well above its low."""
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


def unstable(evidence: Evidence) -> Finding | None:
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


def rate_too_high(evidence: Evidence) -> Finding | None:
    """A loss that went above where it began, beyond the noise, and has not come back well below it."""
    values = evidence.train
    curve = window_medians(values)
    if len(curve) < 4:
        return None
    start, noise = median(values[:3]), noise_of(values)
    top, end = max(curve), curve[-1]
    rise, bound = top - start, max(3 * noise, 0.02 * abs(start))
    if rise <= bound or end < start - rise:
        return None
    return Finding(
        kind="rate-too-high",
        confidence=min(1.0, rise / (3 * bound)),
        evidence=f"training loss began at {start:.3f}, went up to {top:.3f} and ends at {end:.3f} (noise {noise:.3f})",
        figures={"start": start, "top": top, "end": end, "noise": noise},
    )

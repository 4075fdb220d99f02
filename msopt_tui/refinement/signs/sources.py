"""Whether the sources learn at different speeds: one still falls while another has stopped or turned."""

from __future__ import annotations

from msopt_tui.protocol.events import Finding
from msopt_tui.refinement.evidence import Evidence

STILL_FALLS = 0.01
"""Relative fall of a source's loss in the last third of the round that counts."""
STANDS = 0.0
"""Another one that fell by no more than this has stopped."""
SUREST = 0.5


def uneven(evidence: Evidence) -> Finding | None:
    """The source that falls most, where another one no longer does."""
    falls = falls_of(evidence)
    if len(falls) < 2:
        return None
    most, least = max(falls, key=falls.__getitem__), min(falls, key=falls.__getitem__)
    if falls[most] < STILL_FALLS or falls[least] > STANDS:
        return None
    said = ", ".join(f"{name} {-fall:+.1%} to {evidence.sources[name][-1][1]:.3f}" for name, fall in falls.items())
    return Finding(
        kind="uneven-sources",
        confidence=min(SUREST, (falls[most] - falls[least]) / (8 * STILL_FALLS)),
        evidence=f"validation loss by source over the last third of the round: {said}",
        figures=dict(falls),
    )


def falls_of(evidence: Evidence) -> dict[str, float]:
    """Relative fall of each source's loss over the last third of the round's evaluations, three at least."""
    falls: dict[str, float] = {}
    for name, points in evidence.sources.items():
        if len(points) >= 3:
            cut = max(1, len(points) - max(1, len(points) // 3)) - 1
            before, after = points[cut][1], points[-1][1]
            falls[name] = (before - after) / max(abs(before), 1e-9)
    return falls

"""What the curves of a round say, with the figures that say it. Pure functions over series."""

from __future__ import annotations

from msopt_tui.protocol.events import Finding
from msopt_tui.refinement.evidence import Evidence
from msopt_tui.refinement.signs import fit, progress, sources, stability
from msopt_tui.refinement.signs.batch import of_norms as of_norms
from msopt_tui.refinement.signs.rate import of_test as of_test

SIGNS = (
    stability.diverging,
    stability.unstable,
    stability.rate_too_high,
    fit.overfitting,
    fit.underfitting,
    fit.data_exhausted,
    progress.rate_too_low,
    progress.trend,
    progress.noisy,
    sources.uneven,
)


def diagnose(evidence: Evidence) -> list[Finding]:
    """Every finding the round supports, the surest first; empty where there is too little to go by."""
    found = (sign(evidence) for sign in SIGNS)
    return sorted((one for one in found if one is not None), key=lambda one: -one.confidence)

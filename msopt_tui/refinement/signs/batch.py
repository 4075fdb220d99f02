"""What gradients of two batch sizes say about the batch: the noise scale (McCandlish et al. 2018, arXiv:1812.06162)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

from msopt_tui.protocol.events import Finding

LARGE = 4.0
"""From so many times the noise scale on, most of a batch only repeats what the rest of it says."""
SMALL = 1 / 32
"""A batch of so small a share of the noise scale steps almost anywhere; smaller learning rates do the averaging."""
SUREST = 0.6
"""Confidence at most: the measure is of one place, and the race decides."""


@dataclass(frozen=True, slots=True)
class Norms:
    """Squared 2-norms of gradients at the same weights."""

    rows: int
    """Rows of one step."""
    of_step: float
    """Mean over several steps' gradients."""
    steps: int
    of_all: float
    """Of the mean of these gradients."""

    @property
    def scale(self) -> float | None:
        """Rows at which noise and signal of a gradient are equal; `None` where the steps agree on no direction.

        Unbiased: E|g|² of n rows is |G|² + tr(Σ)/n, and two sizes give both unknowns.
        """
        large = self.rows * self.steps
        signal = (large * self.of_all - self.rows * self.of_step) / (large - self.rows)
        noise = (self.of_step - self.of_all) / (1 / self.rows - 1 / large)
        return noise / signal if signal > 0 and noise > 0 else None


def of_norms(norms: Norms) -> Finding | None:
    """The batch is far from the noise scale; nothing where it is about right, or nobody can say."""
    scale = norms.scale
    if scale is None:
        return None
    share = norms.rows / scale
    if SMALL <= share <= LARGE:
        return None
    above = share > 1
    times = share / LARGE if above else SMALL / share
    return Finding(
        kind="batch-too-large" if above else "batch-too-small",
        confidence=min(SUREST, 0.3 + 0.1 * log2(1 + times)),
        evidence=(
            f"gradients of {norms.steps} steps put the noise scale at {scale:.3g} rows, and a step has {norms.rows}: "
            + ("most of them say the same" if above else "one step's direction is mostly noise")
        ),
        figures={"scale": scale, "rows": float(norms.rows)},
    )

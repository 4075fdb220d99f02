"""Every metric an evaluation can report: unit, direction and definition, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """What a figure means."""

    name: str
    label: str
    unit: str
    better: Literal["lower", "higher"]
    definition: str
    digits: int = 4
    """Decimals worth showing."""


_ROWS = (
    Metric("loss", "loss", "nats/token", "lower", "cross-entropy in float32, summed over tokens, divided by them"),
    Metric("perplexity", "perplexity", "", "lower", "exp(loss)", 2),
    Metric("bits_per_byte", "bits/byte", "bits", "lower", "summed cross-entropy / ln 2 / UTF-8 bytes of those tokens"),
    Metric("accuracy", "accuracy", "%", "higher", "share of next tokens that are the most likely one", 2),
)

METRICS: dict[str, Metric] = {row.name: row for row in _ROWS}
"""By the name used in `Evaluated.metrics`."""

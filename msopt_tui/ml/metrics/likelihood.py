"""What follows from the summed loss over predicted tokens: perplexity, bits per byte, accuracy."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable

MAX_EXPONENT = math.log(sys.float_info.max)
"""The largest x whose exp(x) is a finite float64, about 709.8."""


def perplexity(loss: float) -> float | None:
    """exp(`loss` in nats a token); `None` where that is not finite."""
    return math.exp(loss) if math.isfinite(loss) and loss <= MAX_EXPONENT else None


def bits_per_byte(nats: float, text_bytes: int) -> float | None:
    """`nats` of a text / ln 2 / its UTF-8 bytes: models with different tokenizers compare. `None` without bytes."""
    return nats / math.log(2) / text_bytes if text_bytes and math.isfinite(nats) else None


def likelihood(
    row_nats: Iterable[float], *, tokens: int, correct: float, text_bytes: int | None = None
) -> dict[str, float | None]:
    """`loss` (nats a token), `perplexity` and `accuracy` (per cent of the tokens), and with bytes `bits_per_byte`.

    `row_nats` are the rows' losses summed over their tokens (float64); they are added without rounding in between, so
    that neither batches nor their order show. `tokens` is how many were predicted, `correct` how many of them rightly,
    `text_bytes` the UTF-8 bytes of the text they stand for, left out where only some tokens of it are predicted (masked
    models). A figure is `None` where it is not finite or there is no token.
    """
    nats = _sum(row_nats) if tokens else math.nan
    mean = nats / tokens if tokens else math.nan
    metrics = {"loss": mean if math.isfinite(mean) else None, "perplexity": perplexity(mean)}
    if text_bytes is not None:
        metrics["bits_per_byte"] = bits_per_byte(nats, text_bytes)
    metrics["accuracy"] = 100.0 * correct / tokens if tokens else None
    return metrics


def _sum(values: Iterable[float]) -> float:
    """`math.fsum`, not finite where a value or the sum is not."""
    rows = list(values)
    if not all(map(math.isfinite, rows)):
        return math.nan
    try:
        return math.fsum(rows)
    except OverflowError:
        return math.inf

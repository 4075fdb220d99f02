"""The mean of shares as a percentage, the same whatever the order of the rows."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percent(shares: Sequence[float]) -> float | None:
    """The mean of `shares` (0 to 1, one a row) in per cent, the sum rounded once; `None` without rows."""
    return 100.0 * math.fsum(shares) / len(shares) if shares else None

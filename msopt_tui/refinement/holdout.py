"""Validation rows that refinement never sees. What it decides by and what it is judged by are then two things. Pure."""

from __future__ import annotations

from statistics import mean

GOLDEN = 0.6180339887498949
"""Multiples of the golden ratio spread evenly over the unit interval, for every number of them (Weyl 1916)."""


def is_held_out(row: int, fraction: float) -> bool:
    """Whether a row of the validation split is out of sight: always the same rows, spread over the whole split."""
    return (row * GOLDEN) % 1.0 < fraction


def seen(row_losses: list[float], fraction: float) -> list[float]:
    """What refinement goes by: the rows in sight; all of them where that would leave none."""
    visible = [loss for row, loss in enumerate(row_losses) if not is_held_out(row, fraction)]
    return visible or row_losses


def unseen_loss(row_losses: list[float], fraction: float) -> float | None:
    """Mean loss of the rows out of sight; `None` where there are none."""
    hidden = [loss for row, loss in enumerate(row_losses) if is_held_out(row, fraction)]
    return mean(hidden) if hidden else None

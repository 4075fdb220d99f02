"""The learning rate as a pure function of the step: nothing to save, and a changed setting applies at once."""

from __future__ import annotations

from math import ceil, cos, pi, sqrt
from typing import Literal

Kind = Literal["constant", "linear", "cosine", "warmup_stable_decay"]


def learning_rate(
    step: int,
    total_steps: int,
    peak: float,
    kind: Kind,
    warmup_steps: int = 0,
    decay_ratio: float = 0.2,
    min_lr_rate: float = 0.1,
) -> float:
    """The rate of one optimiser step of a round.

    `step` counts from 1 within the round of `total_steps`. A warm-up of w steps rises linearly and reaches `peak` at
    step w, so that no step has rate 0; without one, step 1 has `peak`. Every kind but `constant` comes down to
    `min_lr_rate * peak` at the last step and stays there after it. A round that is over before its warm-up is, or that
    has one step, never comes down.
    """
    if step <= warmup_steps and step <= total_steps:
        return peak * step / warmup_steps
    if kind == "constant":
        return peak
    lowest = peak * min_lr_rate
    if step > total_steps:
        return lowest
    # The step that has the peak: the decay is measured from it, so that the rate does not fall before it was used.
    top = max(warmup_steps, 1)
    if kind == "warmup_stable_decay":
        top = max(top, total_steps - ceil(decay_ratio * total_steps))
    if step <= top:
        return peak
    return lowest + (peak - lowest) * _share(kind, (step - top) / (total_steps - top))


def _share(kind: Kind, progress: float) -> float:
    """What is left of the way down from the peak, 1 to 0, after `progress` of the decay, 0 to 1.

    Cosine after Loshchilov and Hutter 2017 (arXiv:1608.03983); 1 - sqrt, which beats a straight line as the last part
    of warmup_stable_decay, after Hägele et al. 2024 (arXiv:2405.18392).
    """
    if kind == "cosine":
        return 0.5 * (1.0 + cos(pi * progress))
    if kind == "warmup_stable_decay":
        return 1.0 - sqrt(progress)
    return 1.0 - progress

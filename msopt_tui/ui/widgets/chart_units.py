"""What a chart's x axis counts: steps, tokens, seconds of training or epochs. Pure.

A chart's places are whole numbers: steps as they are, other totals in small parts of their unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from msopt_tui.ui.widgets.axis import format_step, nice_ticks, tick_labels

UnitName = Literal["step", "tokens", "time", "epoch"]
_CLOCK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Seconds between two ticks that people read easily."""


@dataclass(frozen=True, slots=True)
class XUnit:
    """One kind of x axis."""

    name: UnitName
    parts: int
    """Places of the chart in one of the unit."""

    def text(self, x: float) -> str:
        """A place in words, as for the cursor: `step 1,200`, `1.25 epochs`."""
        if self.name == "step":
            return f"step {format_step(int(x))}"
        value = x / self.parts
        if self.name == "time":
            return f"time {clock_text(value)}"
        return f"epoch {value:.3f}" if self.name == "epoch" else f"{round(value):,} tokens"

    def ticks(self, x0: float, x1: float, target: int) -> list[tuple[float, str]]:
        """About `target` round places in a stretch, with their labels."""
        if self.name == "time":
            return self._times(x0, x1, target)
        values = nice_ticks(x0 / self.parts, x1 / self.parts, target)
        if self.name != "epoch":
            values = [value for value in values if value == int(value)]
        labels = tick_labels(values)
        return [(value * self.parts, label) for value, label in zip(values, labels, strict=True)]

    def _times(self, x0: float, x1: float, target: int) -> list[tuple[float, str]]:
        raw = (x1 - x0) / self.parts / max(target, 1)
        if raw < 1.0:
            values = nice_ticks(x0 / self.parts, x1 / self.parts, target)
            return [(value * self.parts, f"{value:g}s") for value in values]
        days = math.ceil(raw / 86_400) * 86_400
        step = next((step for step in _CLOCK_STEPS if step >= raw), days)
        first = math.ceil(x0 / self.parts / step)
        last = math.floor(x1 / self.parts / step)
        return [(number * step * self.parts, clock_text(number * step)) for number in range(first, last + 1)]


STEPS = XUnit("step", 1)
UNITS: tuple[XUnit, ...] = (STEPS, XUnit("tokens", 1), XUnit("time", 1_000_000), XUnit("epoch", 1_000_000))
"""In the order in which one follows another."""


def clock_text(seconds: float) -> str:
    """`0:45`, `12:05`, `3:00:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

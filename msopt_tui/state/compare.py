"""Runs beside each other: only the settings that differ, and every metric that more than one of them has. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.protocol.values import Number
from msopt_tui.state.figures import label
from msopt_tui.state.numbers import compact, duration, significant
from msopt_tui.state.run_state import RunState


class Compared(NamedTuple):
    """A line of the comparison."""

    name: str
    cells: tuple[str, ...]
    """One a run."""
    best: int | None = None
    """Which run has the best of them; `None` where that is no question, or where two have it."""


LETTERS = "ABCDEFGH"
"""Each run's letter, in legends and tables; as many runs can be compared."""
ABSENT = "–"


def settings(states: Sequence[RunState]) -> list[Compared]:
    """The settings in force that are not the same in all runs, by name."""
    names = sorted({name for state in states for name in state.settings})
    rows = [(name, tuple(state.settings.get(name) for state in states)) for name in names]
    return [Compared(name, tuple(map(_text, values))) for name, values in rows if len(set(map(repr, values))) > 1]


def results(states: Sequence[RunState]) -> list[Compared]:
    """How far each run is, what its best validation measured, and the test where there was one."""
    lines = [
        Compared("status", tuple(state.status for state in states)),
        Compared("steps", tuple(f"{state.step:,}" for state in states)),
        Compared("tokens", tuple(compact(state.tokens) for state in states)),
        Compared("trained for", tuple(duration(state.train_seconds) for state in states)),
        Compared("best at step", tuple(str(state.best.step) if state.best else ABSENT for state in states)),
    ]
    lines += _metrics("validation", [state.best.metrics if state.best else {} for state in states])
    return lines + _metrics("test", [state.test.metrics if state.test else {} for state in states])


def _metrics(split: str, measured: Sequence[dict[str, Number]]) -> list[Compared]:
    names = [name for name in METRICS if any(name in one for one in measured)]
    lines = []
    for name in names:
        values = [one.get(name) for one in measured]
        cells = tuple(significant(value) if value is not None else ABSENT for value in values)
        lines.append(Compared(f"{split} {label(name)}", cells, _best(values, METRICS[name].better == "lower")))
    return lines


def _best(values: Sequence[Number], lower: bool) -> int | None:
    """Which value is better than all others."""
    costs = [math.inf if value is None else value if lower else -value for value in values]
    least = min(costs)
    return costs.index(least) if math.isfinite(least) and costs.count(least) == 1 and len(costs) > 1 else None


def _text(value: Scalar | None) -> str:
    if value is None:
        return ABSENT
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)

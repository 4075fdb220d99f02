"""Metrics in words: `loss 2.610, accuracy 58.82 %`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msopt_tui.protocol.evaluation_events import Evaluated
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.protocol.values import Number
from msopt_tui.state.numbers import significant


def label(name: str) -> str:
    """What people call a metric."""
    return METRICS[name].label if name in METRICS else name


def figure(name: str, value: Number) -> str:
    """One metric by its label, four figures of its value, and the sign of a percentage."""
    metric = METRICS.get(name)
    unit = " %" if metric and metric.unit == "%" and value is not None else ""
    return f"{label(name)} {significant(value)}{unit}"


def figures(metrics: Mapping[str, Number]) -> str:
    """All of them, in the order in which they came."""
    return ", ".join(figure(name, value) for name, value in metrics.items())


_OF_EVERY_TOKEN = ("perplexity", "bits_per_byte", "accuracy")
"""What follows from the loss comes after what a task has of its own."""


def leading(metrics: Mapping[str, Number], decides: object, count: int = 3) -> dict[str, Number]:
    """The few that count most: the loss, the one that decides what is best, then the task's own."""
    known = [name for name in METRICS if name in metrics]
    own = [name for name in known if name not in _OF_EVERY_TOKEN]
    first = [name for name in ("loss", decides) if isinstance(name, str) and name in metrics]
    return {name: metrics[name] for name in list(dict.fromkeys([*first, *own, *known]))[:count]}


def by_source(now: Evaluated, before: Evaluated | None = None) -> list[tuple[str, Number, float | None]]:
    """Each source with its loss, and by how much that changed since an evaluation before, where both are known."""
    rows: list[tuple[str, Number, float | None]] = []
    for name, loss in now.source_losses.items():
        then = before.source_losses.get(name) if before is not None else None
        rows.append((name, loss, loss - then if loss is not None and then is not None else None))
    return rows


def by_source_words(now: Evaluated) -> str:
    """In one line: `words.txt 2.104, other.txt 3.310`; empty where there is one source."""
    return ", ".join(f"{name} {significant(loss)}" for name, loss, _ in by_source(now))

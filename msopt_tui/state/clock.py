"""What a run had behind it at each step: tokens, seconds of training, epochs. For axes other than steps."""

from __future__ import annotations

from array import array
from bisect import bisect_left


class Clock:
    """Totals at the ends of the batches of steps that were told of; between two ends they grow evenly.

    A run that goes on from an earlier step goes on from the totals there, so that each total grows with the steps.
    """

    def __init__(self) -> None:
        self._steps = array("q", [0])
        self._totals = {name: array("d", [0.0]) for name in ("tokens", "time", "epoch")}
        self.generation = 0
        """Changes when totals were dropped; while it stays, they were only added."""

    def add(self, first: int, count: int, tokens: float, seconds: float, epochs: float) -> None:
        """`count` steps from `first` on (from 1), with what they took in all."""
        if count < 1:
            return
        before = {name: self.at(name, first - 1) for name in self._totals}
        if first <= self._steps[-1]:
            keep = bisect_left(self._steps, first)
            del self._steps[keep:]
            for totals in self._totals.values():
                del totals[keep:]
            self.generation += 1
        if first - 1 > self._steps[-1]:  # steps nobody told of: nothing is known to have been done in them
            self._append(first - 1, before)
        added = {"tokens": tokens, "time": seconds, "epoch": epochs}
        self._append(first + count - 1, {name: before[name] + added[name] for name in before})

    def at(self, name: str, step: float) -> float:
        """The total (`tokens`, `time` in seconds, `epoch`) behind a step; beyond the ends, that of the end."""
        totals = self._totals[name]
        after = bisect_left(self._steps, step)
        if after == len(self._steps):
            return totals[-1]
        if after == 0:
            return totals[0]
        left, right = self._steps[after - 1], self._steps[after]
        share = (step - left) / (right - left)
        return totals[after - 1] + share * (totals[after] - totals[after - 1])

    def _append(self, step: int, totals: dict[str, float]) -> None:
        self._steps.append(step)
        for name, value in totals.items():
            self._totals[name].append(value)

"""What happened at which step, for the charts: of each kind its steps in order, which a long run can afford."""

from __future__ import annotations

from array import array
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from typing import Literal

MarkKind = Literal["evaluation", "best", "checkpoint", "adjusted", "rollback", "round", "paused"]


class Marks:
    """Steps by kind."""

    def __init__(self) -> None:
        self._steps: dict[MarkKind, array[int]] = {}
        self.generation = 0
        """Changes when some were dropped; while it stays, they were only added."""

    def add(self, kind: MarkKind, *at: int) -> None:
        """More of a kind."""
        steps = self._steps.setdefault(kind, array("q"))
        for step in at:
            if steps and step < steps[-1]:
                insort(steps, step)
            else:
                steps.append(step)

    def forget_after(self, step: int) -> None:
        """Drop what a resumed run will do again."""
        for steps in self._steps.values():
            del steps[bisect_right(steps, step) :]
        self.generation += 1

    def of(self, kind: MarkKind) -> Sequence[int]:
        """The steps of a kind, in their order."""
        return self._steps.get(kind, ())

    def __iter__(self) -> Iterator[MarkKind]:
        return (kind for kind, steps in self._steps.items() if steps)

    def __len__(self) -> int:
        return sum(map(len, self._steps.values()))

"""What refinement may spend, counted in tokens read: trained, evaluated and probed alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Use = Literal["trained", "evaluated", "probed"]


@dataclass(slots=True)
class Ledger:
    """What was spent so far. Training is told by the loop's own counter, which `spent` is given."""

    evaluated: int = 0
    """Tokens of evaluations on the record."""
    probed: int = 0
    """Tokens of range tests and races, their evaluations included."""
    evaluation_tokens: int = 0
    """Of one evaluation of the validation split; 0 before the first."""

    def spent(self, trained: int) -> dict[str, int]:
        """By use."""
        return {"trained": trained, "evaluated": self.evaluated, "probed": self.probed}


@dataclass(frozen=True, slots=True)
class Costs:
    """What things cost in tokens."""

    step: int
    evaluation: int
    every: int
    """Steps between two evaluations."""


def affordable_steps(tokens: int, step: int, costs: Costs) -> int:
    """How many steps `tokens` pay for, the evaluations on the way and the one at the end included.

    `step`: steps done, which the cadence of evaluations is counted from.
    """
    high = max(0, tokens // costs.step)
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        if _cost(step, middle, costs) <= tokens:
            low = middle
        else:
            high = middle - 1
    return low


def _cost(step: int, count: int, costs: Costs) -> int:
    """Tokens of `count` steps after `step` with their evaluations; the last step's is made whatever the cadence."""
    if count == 0:
        return 0
    last = step + count
    on_the_way = (last - 1) // costs.every - step // costs.every
    return count * costs.step + (on_the_way + 1) * costs.evaluation


@dataclass(slots=True)
class Limits:
    """How far a run may go."""

    tokens: int | None = None
    """`None`: no limit."""
    minutes: float = 0.0
    """0: no limit."""
    began: float = field(default=0.0)
    """Monotonic time (seconds)."""

    def left(self, spent: int) -> int | None:
        """Tokens that are left; `None` without a limit."""
        return None if self.tokens is None else max(0, self.tokens - spent)

    def over(self, now: float) -> bool:
        """Whether the time is up."""
        return self.minutes > 0 and now - self.began >= 60.0 * self.minutes

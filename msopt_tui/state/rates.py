"""Speed and time left: of training from the steps themselves, so that waiting does not count; of other work as told."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

WARMUP_BATCHES = 2
"""Batches of steps left out at the start: kernels are chosen, memory is taken, code is compiled."""
WINDOW_SECONDS = 20.0


class StepRate:
    """Steps and tokens a second over the latest stretch of training time."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int, float, Mapping[str, float]]] = deque()
        self._split: dict[str, float] = {}
        self._skip = WARMUP_BATCHES
        self._steps = self._tokens = 0
        self._seconds = 0.0

    def add(self, steps: int, tokens: int, seconds: float, split: Mapping[str, float] = {}) -> None:
        """Count a batch of steps that took `seconds` of training time; `split` says what for, where that is known."""
        if self._skip:
            self._skip -= 1
            return
        self._recent.append((steps, tokens, seconds, split))
        for part, spent in split.items():
            self._split[part] = self._split.get(part, 0.0) + spent
        self._steps, self._tokens, self._seconds = self._steps + steps, self._tokens + tokens, self._seconds + seconds
        while len(self._recent) > 1 and self._seconds - self._recent[0][2] > WINDOW_SECONDS:
            old_steps, old_tokens, old_seconds, old_split = self._recent.popleft()
            for part, spent in old_split.items():
                self._split[part] -= spent
            self._steps -= old_steps
            self._tokens -= old_tokens
            self._seconds -= old_seconds

    @property
    def steps_per_second(self) -> float | None:
        """`None` until there is something to go by."""
        return self._steps / self._seconds if self._seconds > 0 else None

    @property
    def tokens_per_second(self) -> float | None:
        """`None` until there is something to go by."""
        return self._tokens / self._seconds if self._seconds > 0 else None

    @property
    def step_seconds(self) -> float | None:
        """Of one step; `None` until there is something to go by."""
        return self._seconds / self._steps if self._steps else None

    @property
    def split(self) -> dict[str, float]:
        """What the seconds went for: part to per cent; empty where it is not known."""
        whole = sum(self._split.values())
        return {part: 100.0 * spent / whole for part, spent in self._split.items()} if whole > 0 else {}

    def eta(self, steps: int) -> float | None:
        """Seconds that `steps` more would take."""
        rate = self.steps_per_second
        return max(steps, 0) / rate if rate else None


class WorkRate:
    """Units of work a second, from reports of how many are done, over the latest stretch of time."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, float]] = deque()

    def add(self, done: int, time: float) -> None:
        """So much was done at that time (seconds)."""
        self._recent.append((done, time))
        while len(self._recent) > 2 and time - self._recent[0][1] > WINDOW_SECONDS:
            self._recent.popleft()

    @property
    def per_second(self) -> float | None:
        """`None` until there are two reports some time apart, and where nothing was done between them."""
        if not self._recent:
            return None
        (first, began), (last, ended) = self._recent[0], self._recent[-1]
        return (last - first) / (ended - began) if ended > began and last > first else None

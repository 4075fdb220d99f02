"""Where the time of an engine goes from its first step on: training, evaluating, refining, idle, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Doing = Literal["evaluate", "refine", "idle"]
_NAMES = {"train": "train", "evaluate": "eval", "refine": "refine", "idle": "idle", "other": "other"}


class Spent:
    """Training as the steps tell it; the others from their beginnings and ends, the innermost counts."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._since = 0.0
        self._stack: list[Doing] = []
        self._seconds: dict[str, float] = {"train": 0.0, "evaluate": 0.0, "refine": 0.0, "idle": 0.0}

    def begin(self, time: float) -> None:
        """The first round begins; later ones change nothing."""
        if self._began is None:
            self._began = self._since = time

    def enter(self, doing: Doing, time: float) -> None:
        """Something else than training begins."""
        self.leave(doing, time)
        self._stack.append(doing)

    def leave(self, doing: Doing, time: float) -> None:
        """It is over; nothing where it had not begun."""
        self._settle(time)
        if doing in self._stack:
            self._stack.remove(doing)

    def train(self, seconds: float) -> None:
        """Steps took so long."""
        self._seconds["train"] += seconds

    def shares(self, now: float) -> dict[str, float]:
        """Per cent of the time since the first round began; empty before that."""
        if self._began is None or now <= self._began:
            return {}
        whole, seconds = now - self._began, dict(self._seconds)
        if self._stack:
            seconds[self._stack[-1]] += max(now - self._since, 0.0)
        seconds["other"] = max(whole - sum(seconds.values()), 0.0)
        return {name: 100.0 * part / whole for name, part in seconds.items()}

    def words(self, now: float, most: int = 80) -> str:
        """`train 82 · eval 9 · idle 7 · other 2 %` in `most` characters; see `share_words`."""
        return share_words({_NAMES[name]: share for name, share in self.shares(now).items()}, most)

    def _settle(self, time: float) -> None:
        if self._stack and self._began is not None:
            self._seconds[self._stack[-1]] += max(time - self._since, 0.0)
        self._since = time


def share_words(shares: Mapping[str, float], most: int) -> str:
    """Per cent by name in `most` characters.

    What is less than half a hundredth is left out; so is the least of the others where there is no room.
    """
    left = {name: share for name, share in shares.items() if share >= 0.5}
    while left:
        text = f"{' · '.join(f'{name} {share:.0f}' for name, share in left.items())} %"
        if len(text) <= most:
            return text
        left.pop(min(left, key=lambda name: left[name]))
    return ""

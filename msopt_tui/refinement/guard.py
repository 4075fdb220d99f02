"""The guard rail: tells from the losses as they come when a run has come off its course. Pure, a few µs a step.

A step whose gradient is not finite, or far larger than is ordinary, has changed nothing: the optimiser leaves it out.
That is how a corrupted stretch of data is passed over without harm. A few broken steps in a short stretch, or a loss
that jumps and stays up although steps are taken, mean that going on would waste what was learned.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

BASELINE = 100
"""Steps that a loss is compared with."""
ENOUGH = 30
"""Steps without which nothing is judged."""
STRETCH = 50
"""Steps among which broken ones are counted."""
STAYS = 8
"""Steps in a row that must lie above the bound: one hard batch is no spike."""
NORM_RATIO = 4.0
"""A gradient norm so many times the recent mean is out of the ordinary. In the sound part of a small model's run
the highest was 2.4 times the median of the hundred steps before it; noise instead of text gave 11 times. Behind
a step left out half of the ratio is enough, because bad data comes in stretches."""
NEVER_ENDS = STRETCH
"""So many steps left out in a row are no bad data but damaged weights, and leaving out would never end."""
FLOOR = 0.01
"""Smallest noise assumed, as a share of the median: a curve without noise must not make every step a spike."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Roll back: to before `since`."""

    since: int
    """The first step that went wrong."""
    reason: str
    """In words, with the figures."""


class Guard:
    """Watches one run. `see` every batch of steps in order; a verdict stands until `reset`."""

    def __init__(self, *, spike_sigmas: float, max_broken_steps: int) -> None:
        """`spike_sigmas`: robust z-score of a spike, 0 for never; `max_broken_steps`: among STRETCH, 0 for any."""
        self.spike_sigmas = spike_sigmas
        self.max_broken_steps = max_broken_steps
        self.verdict: Verdict | None = None
        self.left_out: list[int] = []
        """Steps whose gradient was out of the ordinary, since the last `reset` or `tell`."""
        self._seen = 0
        self._baseline: deque[float] = deque(maxlen=BASELINE)
        self._norms: deque[float] = deque(maxlen=BASELINE)
        self._broken: deque[int] = deque()
        self._high: list[tuple[int, float]] = []

    def reset(self) -> None:
        """Forget everything: the weights or the settings are others now."""
        self.verdict = None
        self.left_out.clear()
        self._baseline.clear()
        self._norms.clear()
        self._broken.clear()
        self._high.clear()

    def see(self, first: int, losses: list[float | None], grad_norms: list[float | None]) -> None:
        """Judge consecutive steps; `None` is not finite."""
        bound = self._bound()
        for step, (loss, norm) in enumerate(zip(losses, grad_norms, strict=True), first):
            if self.verdict is not None:
                return
            self._seen = step
            if loss is None or norm is None:
                self._count_broken(step)
            elif self._is_out_of_the_ordinary(step, norm):
                self.left_out.append(step)
                self._judge_stretch()
            else:
                self._norms.append(norm)
                self._judge(step, loss, bound)

    def _judge_stretch(self) -> None:
        """A verdict where the steps left out last have no sound one between them for too long."""
        first = self.left_out[-NEVER_ENDS:][0]
        if len(self.left_out) >= NEVER_ENDS and self.left_out[-1] - first == NEVER_ENDS - 1:
            reason = (
                f"{NEVER_ENDS} steps in a row had a gradient more than {NORM_RATIO / 2:g} times the recent mean: the "
                "weights are damaged, not the data"
            )
            self.verdict = Verdict(first, reason)

    def tell(self) -> tuple[int, int, int] | None:
        """Steps left out, the first and the last of them, once a stretch of them has ended; each told once."""
        if not self.left_out or self.left_out[-1] == self._seen:
            return None
        told = len(self.left_out), self.left_out[0], self.left_out[-1]
        self.left_out.clear()
        return told

    def _is_out_of_the_ordinary(self, step: int, norm: float) -> bool:
        """As the optimiser judges it, but for its exact mean: enough to tell bad data from damaged weights."""
        if not self.spike_sigmas or len(self._norms) < ENOUGH:
            return False
        in_a_stretch = bool(self.left_out) and self.left_out[-1] == step - 1
        ratio = NORM_RATIO / 2 if in_a_stretch else NORM_RATIO
        return norm > ratio * (sum(self._norms) / len(self._norms))

    def _bound(self) -> float | None:
        """Loss above which a step is suspicious: median + z · 1.4826 · MAD over the baseline."""
        if not self.spike_sigmas or len(self._baseline) < ENOUGH:
            return None
        middle = median(self._baseline)
        spread = 1.4826 * median(abs(value - middle) for value in self._baseline)
        return middle + self.spike_sigmas * max(spread, FLOOR * abs(middle))

    def _count_broken(self, step: int) -> None:
        self._broken.append(step)
        while self._broken[0] <= step - STRETCH:
            self._broken.popleft()
        if self.max_broken_steps and len(self._broken) >= self.max_broken_steps:
            reason = f"{len(self._broken)} steps within {STRETCH} had a loss or gradient that is not finite"
            self.verdict = Verdict(self._broken[0], reason)

    def _judge(self, step: int, loss: float, bound: float | None) -> None:
        if bound is None or loss <= bound:
            # One that came down again was noise after all, and belongs to what is normal.
            self._baseline.extend(value for _, value in self._high)
            self._high.clear()
            self._baseline.append(loss)
            return
        self._high.append((step, loss))
        if len(self._high) >= STAYS:
            reason = (
                f"the loss rose above {bound:.3f} ({self.spike_sigmas:g} robust sigma over the {len(self._baseline)} "
                f"steps before) and stayed there for {STAYS} steps, now {loss:.3f}"
            )
            self.verdict = Verdict(self._high[0][0], reason)

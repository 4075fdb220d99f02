"""Which stretch of steps a chart shows: the whole run, the last N steps, or a fixed stretch."""

import math
from typing import NamedTuple

from msopt_tui.ui.widgets.axis import nice_extent

SHORTEST = 10.0
"""Steps: no window is narrower."""

_JUMPS = 8
"""A window that follows moves on by an eighth of its length at a time: between two jumps a new
point changes one column of the chart, not all of them."""


class Range(NamedTuple):
    """Steps from x0 to x1, x0 < x1."""

    x0: float
    x1: float

    @property
    def length(self) -> float:
        """In steps."""
        return self.x1 - self.x0


class Window:
    """Follows the run until someone zooms or pans; pure state, no data of its own.

    The methods that look take `whole`, the range that would show everything, and `last`, the last
    step there is.
    """

    def __init__(self) -> None:
        self._length: float | None = None
        self._right: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything is shown."""
        return self._length is None

    @property
    def is_following(self) -> bool:
        """Whether new steps come into view by themselves."""
        return self._right is None

    def reset(self) -> None:
        """Show the whole run and follow it."""
        self._length = self._right = None

    def follow_last(self, steps: int) -> None:
        """Show the last `steps` steps and follow the run."""
        self._length, self._right = max(float(steps), SHORTEST), None

    def range(self, whole: Range, last: float) -> Range:
        """The steps to show."""
        if self._length is None or self._length >= whole.length:
            return whole
        if self._right is not None:
            return Range(self._right - self._length, self._right)
        jump = self._length / _JUMPS
        right = math.ceil((last - whole.x0) / jump) * jump + whole.x0
        right = max(right, whole.x0 + self._length)
        return Range(right - self._length, right)

    def zoom(self, factor: float, whole: Range, last: float, about: float | None = None) -> None:
        """Show 1/`factor` as many steps, keeping the step `about` where it stands.

        Without `about` a window that follows goes on following, and any other keeps its middle.
        Raises ValueError unless factor > 0.
        """
        if factor <= 0.0:
            raise ValueError(f"a zoom factor must be greater than 0, not {factor}")
        shown = self.range(whole, last)
        length = max(shown.length / factor, min(SHORTEST, whole.length))
        if length >= whole.length:
            self.reset()
            return
        if about is None and self.is_following:
            self._length = length
            return
        if about is None:
            about = (shown.x0 + shown.x1) / 2.0
        share = (about - shown.x0) / shown.length
        self._settle(about + (1.0 - share) * length, length, whole, last)

    def pan(self, fraction: float, whole: Range, last: float) -> None:
        """Move by a fraction of the shown length, to later steps if positive.

        At the right end the window follows the run again.
        """
        shown = self.range(whole, last)
        if not self.is_whole:
            self._settle(shown.x1 + fraction * shown.length, shown.length, whole, last)

    def show(self, step: float, whole: Range, last: float) -> None:
        """Move just far enough that `step` is in view."""
        shown = self.range(whole, last)
        if step < shown.x0:
            self._settle(step + shown.length, shown.length, whole, last)
        elif step > shown.x1:
            self._settle(step, shown.length, whole, last)

    def _settle(self, right: float, length: float, whole: Range, last: float) -> None:
        right = max(right, whole.x0 + length)
        self._length = length
        self._right = right if right < last else None


def whole_range(first: int, last: int, total: int | None = None) -> Range:
    """The range that shows steps `first` to `last` and has room for more.

    It grows in round lengths, at most a third too long, so that it stands still most of the time;
    it never goes past `total`, the last step planned. A run that starts late (a branch) starts near
    the left edge instead of leaving the chart empty up to there.
    """
    origin = 0.0
    if first < 0 or first > 0.25 * last:
        grain = nice_extent(max(last - first, SHORTEST)) / 10.0
        origin = math.floor(first / grain) * grain
    end = origin + nice_extent(max(last - origin, SHORTEST))
    if total is not None and origin < total and last <= total < end:
        end = max(float(total), origin + SHORTEST)
    return Range(origin, end)

"""Exponential smoothing of a series, kept up to date point by point."""

from array import array
from collections.abc import Iterable
from itertools import accumulate

from msopt_tui.state.series import Series

_NEGLIGIBLE = 2.0**-54
"""Below this, 1 - w^n rounds to 1 and removing the bias changes nothing."""


class Smoothed:
    """The debiased exponential moving average of a series' finite values.

        a_n = w·a_(n-1) + (1-w)·v_n,  a_0 = 0        s_n = a_n / (1 - w^n)

    This is the average TensorBoard and Weights & Biases draw; dividing by 1 - w^n takes out the
    pull of the made-up a_0 (Kingma & Ba 2015, section 3). It counts points, not steps. Values that
    are not finite leave the average where it was.
    """

    def __init__(self, source: Series, weight: float) -> None:
        self._source = source
        self._weight = _checked(weight)
        self._series = Series()
        self._restart()
        self.update()

    @property
    def series(self) -> Series:
        """The smoothed values at the source's finite steps; the same object for good."""
        return self._series

    @property
    def weight(self) -> float:
        """The weight of the past, in [0, 1); 0 is the source itself."""
        return self._weight

    @weight.setter
    def weight(self, weight: float) -> None:
        """Smooth anew with another weight; raises ValueError outside [0, 1)."""
        if _checked(weight) != self._weight:
            self._weight = weight
            self._restart()
            self.update()

    def update(self) -> None:
        """Take in the points the source got since the last call.

        Costs as much as there are new points; a source that dropped points is smoothed anew.
        """
        if self._source.generation != self._generation:
            self._restart()
        if self._source.finite_count == self._taken:
            return
        steps, values = self._source.tail(self._taken)
        self._taken += len(values)
        self._series.extend_points(steps, self._smooth(values))

    def _restart(self) -> None:
        if self._series.first_step is not None:
            self._series.truncate_after(self._series.first_step - 1)
        self._generation = self._source.generation
        self._taken = 0
        self._average = 0.0
        self._bias = 1.0

    def _smooth(self, values: Iterable[float]) -> "array[float]":
        weight, rest = self._weight, 1.0 - self._weight
        averages = array("d", accumulate(values, lambda a, v: a * weight + v * rest, initial=self._average))
        del averages[0]
        self._average = averages[-1]
        bias = self._bias
        for index, average in enumerate(averages):
            if bias < _NEGLIGIBLE:
                break
            bias *= weight
            averages[index] = average / (1.0 - bias)
        self._bias = bias
        return averages


def _checked(weight: float) -> float:
    if not 0.0 <= weight < 1.0:
        raise ValueError(f"the smoothing weight must be in [0, 1), not {weight}")
    return weight

"""A metric over steps that is drawn without ever averaging a spike away.

`Series` keeps every point and, beside the points, a pyramid: level 1 holds the lowest and the
highest value of each sixteen points, level 2 of each sixteen blocks of level 1, and so on. The
true minimum and maximum of any stretch of n points are then read from O(log n) short slices, so
a chart of a million points costs about as much as a chart of a thousand.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import lt
from typing import NamedTuple, cast

FAN_OUT = 16
"""Points (or blocks) under one block of the pyramid: measured as the best trade between the cost
of growing it (fewer, larger blocks) and of the ragged ends of a query (smaller blocks)."""


class Column(NamedTuple):
    """What lies in one column of a chart: the true extremes, and the values to join lines with."""

    low: float
    high: float
    first: float
    last: float


class Series:
    """Values at strictly increasing integer steps, append-only save for `truncate_after`.

    A value that is None, NaN or infinite is kept as a mark (`not_finite_in`) and takes no part in
    any minimum, maximum or column. Steps that were never given are simply not there.
    """

    __slots__ = ("_bad_steps", "_generation", "_levels", "_steps", "_values")

    def __init__(self) -> None:
        # Consecutive steps, the usual case, are kept as a range: no memory, no time.
        self._steps: range | array[int] = range(0)
        self._values = array("d")
        self._bad_steps = array("q")
        self._levels: list[tuple[array[float], array[float]]] = []
        self._generation = 0

    def append(self, step: int, value: float | None) -> None:
        """Add one point; None, NaN and infinities become marks.

        A step at or before `last_step` first drops every point from that step on: a run that goes
        on from an earlier checkpoint writes its new course over the old one.
        """
        self._make_room_for(step)
        if value is None or not math.isfinite(value):
            self._bad_steps.append(step)
            return
        self._add_steps(range(step, step + 1))
        self._values.append(value)
        if not len(self._values) % FAN_OUT:
            self._grow()

    def extend(self, first_step: int, values: Sequence[float | None]) -> None:
        """Add values at `first_step`, `first_step + 1`, …; None, NaN, infinities become marks.

        As with `append`, points from `first_step` on that are already there are dropped first.
        """
        if not values:
            return
        self._make_room_for(first_step)
        begin = 0
        for end in (*_not_finite(values), len(values)):
            if begin < end:
                self._add_steps(range(first_step + begin, first_step + end))
                self._values.extend(cast("Sequence[float]", values[begin:end]))
            if end < len(values):
                self._bad_steps.append(first_step + end)
            begin = end + 1
        self._grow()

    def extend_any(self, points: Sequence[tuple[int, float | None]]) -> None:
        """Add points as `append` does one by one, only faster where nothing is unusual."""
        if not points:
            return
        steps, values = zip(*points, strict=True)
        last = self.last_step
        is_usual = (last is None or steps[0] > last) and all(map(lt, steps, steps[1:])) and not _not_finite(values)
        if is_usual:
            self.extend_points(steps, values)
            return
        for step, value in points:
            self.append(step, value)

    def extend_points(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Add finite values at any strictly increasing steps after `last_step`.

        Raises ValueError if the lengths differ or the first step is not a new one; that the steps
        increase and the values are finite is the caller's word.
        """
        if len(steps) != len(values):
            raise ValueError(f"{len(steps)} steps but {len(values)} values")
        if not steps:
            return
        last = self.last_step
        if last is not None and steps[0] <= last:
            raise ValueError(f"step {steps[0]} is not after step {last}")
        self._add_steps(steps)
        self._values.extend(values)
        self._grow()

    def truncate_after(self, step: int) -> None:
        """Drop every point and mark at a step greater than `step`."""
        last = self.last_step
        if last is None or last <= step:
            return
        del self._bad_steps[bisect_right(self._bad_steps, step) :]
        keep = bisect_right(self._steps, step)
        self._steps = self._steps[:keep]
        del self._values[keep:]
        for lows, highs in self._levels:
            # Only whole blocks are ever stored, so what is left of a cut block goes with it.
            keep //= FAN_OUT
            del lows[keep:]
            del highs[keep:]
        self._generation += 1

    def __len__(self) -> int:
        """Points given so far, finite or not."""
        return len(self._steps) + len(self._bad_steps)

    @property
    def generation(self) -> int:
        """Changes whenever points were dropped; while it stays, points were only added."""
        return self._generation

    @property
    def finite_count(self) -> int:
        """Points with a finite value."""
        return len(self._values)

    @property
    def first_step(self) -> int | None:
        """The first step given, finite or not; None when empty."""
        firsts = [steps[0] for steps in (self._steps, self._bad_steps) if steps]
        return min(firsts, default=None)

    @property
    def last_step(self) -> int | None:
        """The last step given, finite or not; None when empty."""
        steps, bad = self._steps, self._bad_steps
        if not bad:
            return steps[-1] if steps else None
        return max(steps[-1], bad[-1]) if steps else bad[-1]

    @property
    def last(self) -> float | None:
        """The latest finite value."""
        return self._values[-1] if self._values else None

    def value_at(self, step: int) -> float | None:
        """The value at `step`, or at the nearest step before it.

        None before the first point, and where that nearest point is not finite.
        """
        after = bisect_right(self._steps, step)
        bad_after = bisect_right(self._bad_steps, step)
        if not after:
            return None
        if bad_after and self._bad_steps[bad_after - 1] > self._steps[after - 1]:
            return None
        return self._values[after - 1]

    def point_before(self, x: float) -> tuple[int, float] | None:
        """The last finite point at a step < `x`."""
        index = bisect_left(self._steps, x) - 1
        return (self._steps[index], self._values[index]) if index >= 0 else None

    def point_after(self, x: float) -> tuple[int, float] | None:
        """The first finite point at a step > `x`."""
        index = bisect_right(self._steps, x)
        return (self._steps[index], self._values[index]) if index < len(self._steps) else None

    def tail(self, start: int) -> tuple[Sequence[int], Sequence[float]]:
        """Steps and values of the finite points from the `start`-th on (copies)."""
        return self._steps[start:], self._values[start:]

    def points(self, x0: float, x1: float) -> Iterator[tuple[int, float]]:
        """The finite points at steps in [x0, x1], in order."""
        begin, end = self._span(x0, x1)
        yield from zip(self._steps[begin:end], self._values[begin:end], strict=True)

    def not_finite_in(self, x0: float, x1: float) -> Sequence[int]:
        """The steps in [x0, x1] whose value was None, NaN or infinite."""
        bad = self._bad_steps
        return bad[bisect_left(bad, x0) : bisect_right(bad, x1)] if bad else ()

    def extent(self, x0: float, x1: float) -> tuple[float, float] | None:
        """The lowest and the highest finite value at steps in [x0, x1]; None where there is none."""
        begin, end = self._span(x0, x1)
        return self._extremes(begin, end) if begin < end else None

    def columns(self, x0: float, x1: float, width: int, start: int = 0) -> list[Column | None]:
        """Reduce the window [x0, x1] to `width` columns of equal length; None where no point lies.

        Column k holds the steps in [x0 + k·d, x0 + (k+1)·d) with d = (x1 - x0) / width; the last
        one holds x1 too. With `start`, only the columns from that one on are made and returned:
        they are the same as the tail of the full list, which lets a caller keep the rest.
        """
        result: list[Column | None] = []
        steps, values, total = self._steps, self._values, len(self._steps)
        length = (x1 - x0) / max(width, 1)
        if length < 0 or not total:
            return [None] * max(width - start, 0)
        begin = bisect_left(steps, x0 + start * length)
        # Steps are distinct integers: a column can hold no more than this many of them.
        most = int(length) + 2
        for column in range(start + 1, width + 1):
            if begin == total:
                break
            if column < width:
                end = bisect_left(steps, x0 + column * length, begin, min(begin + most, total))
            else:
                end = bisect_right(steps, x1, begin)
            if begin == end:
                result.append(None)
                continue
            low, high = self._extremes(begin, end)
            result.append(Column(low, high, values[begin], values[end - 1]))
            begin = end
        result.extend([None] * (width - start - len(result)))
        return result

    def _add_steps(self, new: Sequence[int]) -> None:
        steps = self._steps
        if isinstance(steps, range):
            if isinstance(new, range) and (not steps or new.start == steps.stop):
                self._steps = range(steps.start if steps else new.start, new.stop)
                return
            steps = self._steps = array("q", steps)
        steps.extend(new)

    def _make_room_for(self, step: int) -> None:
        last = self.last_step
        if last is not None and step <= last:
            self.truncate_after(step - 1)

    def _span(self, x0: float, x1: float) -> tuple[int, int]:
        return bisect_left(self._steps, x0), bisect_right(self._steps, x1)

    def _grow(self) -> None:
        """Add the blocks that have become whole, level by level."""
        lows = highs = self._values
        level = 0
        while len(lows) >= FAN_OUT:
            if level == len(self._levels):
                self._levels.append((array("d"), array("d")))
            upper_lows, upper_highs = self._levels[level]
            done = len(upper_lows) * FAN_OUT
            whole = len(lows) - len(lows) % FAN_OUT
            if done == whole:
                return
            # Lists, not arrays: their slices share the boxed floats instead of making new ones.
            low_list = lows[done:whole].tolist()
            high_list = highs[done:whole].tolist() if highs is not lows else low_list
            starts = range(0, whole - done, FAN_OUT)
            upper_lows.extend([min(low_list[k : k + FAN_OUT]) for k in starts])
            upper_highs.extend([max(high_list[k : k + FAN_OUT]) for k in starts])
            lows, highs = upper_lows, upper_highs
            level += 1

    def _extremes(self, begin: int, end: int) -> tuple[float, float]:
        """The lowest and highest of the values with index in [begin, end), which is not empty."""
        lows = highs = self._values
        low_parts, high_parts = array("d"), array("d")
        for upper_lows, upper_highs in self._levels:
            first, stop = -(-begin // FAN_OUT), end // FAN_OUT
            if first >= stop:
                break
            head, tail = first * FAN_OUT, stop * FAN_OUT
            low_parts += lows[begin:head] + lows[tail:end]
            high_parts += highs[begin:head] + highs[tail:end]
            lows, highs, begin, end = upper_lows, upper_highs, first, stop
        if not low_parts:
            return min(lows[begin:end]), max(highs[begin:end])
        low_parts += lows[begin:end]
        high_parts += highs[begin:end]
        return min(low_parts), max(high_parts)


def _not_finite(values: Sequence[float | None]) -> list[int]:
    """The indices of the values that are None, NaN or infinite.

    One sum clears the usual case, in which there are none: NaN and infinities survive addition,
    and None cannot be added. A finite sum that overflows only costs the closer look.
    """
    with suppress(TypeError):  # which says that a None is among them
        if math.isfinite(sum(cast("Sequence[float]", values))):
            return []
    # v - v is 0 for finite values only; the subtraction is cheaper than a call for each.
    return [index for index, value in enumerate(values) if value is None or value - value != 0.0]

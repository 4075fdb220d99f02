"""Ticks, tick labels and number formats of chart axes. Pure functions.

Ranges are snapped outward to round numbers, so that an axis stands still while the data creep,
and labels keep to a fixed number of characters, so that nothing jumps when they change.
"""

import math
from itertools import pairwise
from typing import NamedTuple

LABEL_WIDTH = 7
"""Characters a tick label of the y axis has room for."""

VALUE_WIDTH = 7
"""Characters a value in a read-out is padded to."""

_BIG = 1e300
"""Axis bounds stay within ±this, so that differences of bounds never overflow."""

_SMALL = 1e-280
"""The lower bound of a logarithmic axis is at least this."""

_GRAINS = 16
"""The bounds of a linear axis are multiples of the round step that cuts the data's range into about
this many: coarse enough to stand still, fine enough to waste little room."""

_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_EXTENTS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


class Tick(NamedTuple):
    """A labelled place on an axis, in the axis' own units."""

    value: float
    label: str


class YScale(NamedTuple):
    """The shown range of the y axis; on a logarithmic one both bounds are greater than 0."""

    low: float
    high: float
    log: bool = False

    def transform(self, value: float) -> float:
        """The value as it is laid out: itself, or its decimal logarithm."""
        return math.log10(value) if self.log else value

    def ticks(self, target: int) -> list[Tick]:
        """About `target` ticks inside the range, with labels that can be told apart."""
        values = _log_ticks(self.low, self.high, target) if self.log else nice_ticks(self.low, self.high, target)
        return [Tick(value, label) for value, label in zip(values, tick_labels(values), strict=True)]


def nice_step(span: float, target: int) -> float:
    """The round step (1, 2 or 5 times a power of ten) that cuts `span` > 0 into about `target`."""
    raw = span / max(target, 1)
    power = 10.0 ** math.floor(math.log10(raw)) if raw > 1e-300 else 1e-300
    for factor in (1.0, 2.0, 5.0):
        if factor * power >= raw * 0.999999:
            return factor * power
    return 10.0 * power


def nice_ticks(low: float, high: float, target: int) -> list[float]:
    """Multiples of a round step in [low, high], about `target` of them; [low] where low = high."""
    if not low < high:
        return [low]
    step = nice_step(high - low, target)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    if last - first > 10 * max(target, 1):  # the range is too narrow for floats to count in
        return [low, high]
    return [index * step for index in range(first, last + 1)]


def nice_extent(length: float) -> float:
    """The smallest round length that holds `length` > 0; it is at most a third longer."""
    power = 10.0 ** math.floor(math.log10(length))
    return next((factor * power for factor in _EXTENTS if factor * power >= length * (1 - 1e-12)), 10.0 * power)


def snapped_scale(low: float, high: float, log: bool = False) -> YScale:
    """The range [low, high] of the data, widened to round bounds.

    Equal bounds are spread around their value. With `log`, both bounds must be greater than 0.
    """
    low, high = (max(min(bound, _BIG), -_BIG) for bound in (low, high))
    if log:
        low = max(low, _SMALL)
        high = max(low, high)
    if log and math.log10(high) - math.log10(low) >= 0.3:
        return YScale(_log_floor(low), _log_ceiling(high), True)
    if high - low <= max(1e-12 * max(abs(low), abs(high)), 1e-290):
        spread = abs(high) * 0.05 if abs(high) > 1e-288 else 1.0
        low, high = low - spread, high + spread
    grain = nice_step(high - low, _GRAINS)
    bottom, top = math.floor(low / grain + 1e-9) * grain, math.ceil(high / grain - 1e-9) * grain
    if log and bottom <= 0.0:
        bottom = low
    return YScale(bottom, top, log)


def tick_labels(values: list[float]) -> list[str]:
    """One label a tick, in one common format, with just the digits that tell them apart.

    Where seven characters cannot tell neighbours apart, the later ones are left blank.
    """
    if not values:
        return []
    largest = max(abs(value) for value in values)
    gaps = [b - a for a, b in pairwise(values)]
    step = min((gap for gap in gaps if gap > 0.0), default=largest)
    if largest == 0.0 or not step:
        return [format_value(value) for value in values]
    if max(gaps, default=0.0) > 3.0 * step:  # a logarithmic ladder: each for itself
        labels = [_ladder_label(value) for value in values]
    else:
        unit, suffix = _unit(largest)
        labels = [_fixed(value / unit, step / unit) + (suffix if value else "") for value in values]
    if max(map(len, labels)) > LABEL_WIDTH:
        labels = [_fitting(value) for value in values]
    return [label if label not in labels[:index] else "" for index, label in enumerate(labels)]


def format_value(value: float | None, digits: int = 5) -> str:
    """A value in at most 7 characters for 5 `digits`: 3.2145, 0.00123, 1.2e-5, 12.345k, –."""
    if value is None:
        return "–"
    size = abs(value)
    if size == 0.0:
        return "0"
    if size < 1e-3 or size >= 1e15:
        return _short_exponent(f"{value:.{min(max(digits - 3, 0), 2)}e}")
    for unit, suffix in _SUFFIXES:
        if size >= unit * (10.0 if suffix == "k" else 1.0):
            return _significant(value / unit, digits - 1) + suffix
    return _significant(value, digits)


def format_step(step: float) -> str:
    """A step number with thousands apart: 12,345."""
    return f"{round(step):,}"


def _log_floor(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next((f * power for f in (5.0, 2.0, 1.0) if f * power <= value * 1.000001), power) or value


def _log_ceiling(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next((f * power for f in (1.0, 2.0, 5.0) if f * power >= value * 0.999999), 10.0 * power)


def _log_ticks(low: float, high: float, target: int) -> list[float]:
    decades = math.log10(high) - math.log10(low)
    if decades < 0.7:
        return [value for value in nice_ticks(low, high, target) if value > 0.0]
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1.0, 2.0, 5.0) if 3.0 * decades <= 1.5 * target else (1.0,)
    stride = max(1, math.ceil(decades / max(target, 1)))
    values = [factor * 10.0**power for power in range(first, last + 1, stride) for factor in factors]
    return [value for value in values if low * 0.999999 <= value <= high * 1.000001]


def _fitting(value: float) -> str:
    texts = [format_value(value, digits) for digits in (5, 4, 3)]
    return next((text for text in texts if len(text) <= LABEL_WIDTH), texts[-1])


def _ladder_label(value: float) -> str:
    if 1e-2 <= value < 1e4:
        return f"{value:g}"
    return _short_exponent(f"{value:.0e}") if value < 1.0 else format_value(value, 2)


def _unit(largest: float) -> tuple[float, str]:
    """The unit that keeps numbers up to `largest` short, and how it is written."""
    if 1e-3 <= largest < 1e4:
        return 1.0, ""
    for size, suffix in _SUFFIXES:
        if size <= largest < size * 1e4:
            return size, suffix
    exponent = math.floor(math.log10(largest))
    return 10.0**exponent, f"e{exponent}"


def _fixed(value: float, step: float) -> str:
    decimals = min(max(-math.floor(math.log10(step) + 1e-9), 0), 9)
    return f"{value + 0.0:.{decimals}f}"


def _significant(value: float, digits: int) -> str:
    before = math.floor(math.log10(abs(value))) + 1
    return f"{value:.{min(max(digits - before, 0), digits)}f}"


def _short_exponent(text: str) -> str:
    """1.50e-04 → 1.50e-4."""
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else text

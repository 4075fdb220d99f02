import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from msopt_tui.ui.widgets.axis import (
    LABEL_WIDTH,
    format_step,
    format_value,
    nice_extent,
    nice_step,
    nice_ticks,
    snapped_scale,
    tick_labels,
)

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("low", "high", "log", "labels"),
    [
        (2.31, 10.9, False, ["2", "4", "6", "8", "10"]),
        (0.0, 1.5, False, ["0.0", "0.5", "1.0", "1.5"]),
        (0.0, 1e-4, False, ["0.0", "0.2e-4", "0.4e-4", "0.6e-4", "0.8e-4", "1.0e-4"]),
        (12_000.0, 45_000.0, False, ["10k", "20k", "30k", "40k"]),
        (-3.0, 3.0, False, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        (0.3, 12.0, True, ["0.2", "0.5", "1", "2", "5", "10", "20"]),
        (1e-6, 3.0, True, ["1e-6", "1e-4", "0.01", "1"]),
        (3.1, 3.4, True, ["3.10", "3.15", "3.20", "3.25", "3.30", "3.35", "3.40"]),
        (7.0, 7.0, False, ["6.8", "7.0", "7.2"]),
    ],
)
def test_labels_of_usual_ranges(low: float, high: float, log: bool, labels: list[str]) -> None:
    assert [tick.label for tick in snapped_scale(low, high, log).ticks(6)] == labels


@settings(max_examples=100)
@given(finite, finite, st.booleans(), st.integers(2, 10))
def test_any_range_gets_a_scale_around_it_and_short_labels(one: float, other: float, log: bool, target: int) -> None:
    low, high = sorted((abs(one) or 1.0, abs(other) or 1.0)) if log else sorted((one, other))
    scale = snapped_scale(low, high, log)
    assert scale.low < scale.high
    assert math.isfinite(scale.high - scale.low)
    floor = 1e-280 if log else -1e300
    slack = 1e-6 * (scale.high - scale.low)
    assert scale.low - slack <= max(min(low, 1e300), floor)
    assert max(min(high, 1e300), floor) <= scale.high + slack
    assert not log or scale.low > 0.0
    ticks = scale.ticks(target)
    labels = [tick.label for tick in ticks if tick.label]
    assert all(len(label) <= LABEL_WIDTH for label in labels)
    assert len(set(labels)) == len(labels)
    assert all(scale.low - slack <= tick.value <= scale.high + slack for tick in ticks)


@given(st.floats(0.001, 1e6), st.floats(0.0, 0.02))
@example(1.6, 6.103515625e-05)
def test_a_range_that_creeps_keeps_its_bounds_most_of_the_time(high: float, creep: float) -> None:
    steps = [snapped_scale(0.0, high * (1.0 + creep * part / 100)).high for part in range(101)]
    # A bound that is reached, and at a round length, where the grain becomes coarser too, that of the new grain.
    assert len(set(steps)) <= 3


@given(st.floats(1e-6, 1e9))
def test_an_extent_is_round_and_at_most_a_third_too_long(length: float) -> None:
    extent = nice_extent(length)
    assert length * 0.99999 <= extent <= length * 1.34
    assert nice_extent(extent) == extent


def test_steps_and_ticks() -> None:
    assert nice_step(10.0, 5) == 2.0
    assert nice_step(0.07, 7) == pytest.approx(0.01)
    assert nice_ticks(0.0, 1.0, 5) == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert nice_ticks(0.3, 1.0, 2) == pytest.approx([0.5, 1.0])
    assert nice_ticks(3.0, 3.0, 4) == [3.0]


def test_labels_that_cannot_be_told_apart_are_blank() -> None:
    labels = tick_labels([1_234_567.001, 1_234_567.002, 1_234_567.003])
    assert labels == ["1.235M", "", ""]


def test_no_ticks_no_labels() -> None:
    assert tick_labels([]) == []
    assert tick_labels([0.0]) == ["0"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (3.21456, "3.2146"),
        (-3.25, "-3.2500"),
        (0.00123, "0.00123"),
        (1.2e-5, "1.20e-5"),
        (1234.0, "1234.0"),
        (12345.0, "12.35k"),
        (1.5e9, "1.500G"),
        (1e20, "1.00e20"),
    ],
)
def test_values_are_short(value: float | None, text: str) -> None:
    assert format_value(value) == text
    assert len(text) <= 7


def test_steps_have_their_thousands_apart() -> None:
    assert format_step(1234567.0) == "1,234,567"

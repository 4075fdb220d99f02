"""Axes by tokens, time and epochs: totals behind each step, series laid out by them, round ticks with labels."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.state.clock import Clock
from msopt_tui.state.series import Series
from msopt_tui.ui.panes.chart_places import Places, place
from msopt_tui.ui.widgets.chart_model import Curve, MarkedSteps
from msopt_tui.ui.widgets.chart_units import STEPS, UNITS, clock_text

TOKENS, TIME, EPOCH = UNITS[1:]
BATCHES = st.lists(st.tuples(st.integers(1, 20), st.floats(1, 1e4), st.floats(1e-3, 10)), min_size=1, max_size=20)


def ticking(batches: list[tuple[int, float, float]]) -> Clock:
    clock, step = Clock(), 1
    for count, tokens, seconds in batches:
        clock.add(step, count, tokens, seconds, tokens / 1e4)
        step += count
    return clock


class TestClock:
    @given(BATCHES)
    def test_totals_are_sums_at_the_ends_and_grow_between(self, batches: list[tuple[int, float, float]]) -> None:
        clock = ticking(batches)
        steps = sum(count for count, _, _ in batches)
        assert clock.at("tokens", steps) == pytest.approx(sum(tokens for _, tokens, _ in batches))
        assert clock.at("time", steps + 99) == pytest.approx(sum(seconds for _, _, seconds in batches))
        values = [clock.at("tokens", step) for step in range(steps + 1)]
        assert values == sorted(values)
        assert values[0] == 0.0

    def test_a_run_that_goes_on_from_an_earlier_step_goes_on_from_the_total_there(self) -> None:
        clock = Clock()
        clock.add(1, 10, 100, 5, 0.1)
        clock.add(6, 5, 500, 1, 0.2)
        assert clock.generation == 1
        assert clock.at("tokens", 5) == pytest.approx(50)
        assert clock.at("tokens", 10) == pytest.approx(550)
        assert clock.at("time", 10) == pytest.approx(3.5)

    def test_steps_nobody_told_of(self) -> None:
        clock = Clock()
        clock.add(101, 10, 100, 5, 0.1)
        assert clock.at("tokens", 100) == 0.0
        assert clock.at("tokens", 105) == pytest.approx(50)
        clock.add(111, 0, 100, 5, 0.1)
        assert clock.at("tokens", 111) == 100


class TestPlaces:
    @given(BATCHES, st.integers(0, 3), st.lists(st.integers(0, 10), max_size=4))
    def test_every_point_is_kept_in_its_order(
        self, batches: list[tuple[int, float, float]], unit: int, bad: list[int]
    ) -> None:
        clock, places, source = ticking(batches), Places(), Series()
        steps = sum(count for count, _, _ in batches)
        for step in range(1, steps + 1):
            source.append(step, math.nan if step in bad else float(step))
            if step % 7 == 0:
                places.curves([Curve("a", source)], clock, UNITS[unit])
        (moved,) = places.curves([Curve("a", source)], clock, UNITS[unit])
        values = [value for _, value in moved.series.points(-math.inf, math.inf)]
        assert values == [value for _, value in source.points(0, steps)]
        assert len(moved.series) == len(source)
        assert len(moved.series.not_finite_in(-math.inf, math.inf)) == len(source.not_finite_in(0, steps))

    def test_what_was_dropped_is_dropped(self) -> None:
        clock, places, source = ticking([(10, 100.0, 1.0)]), Places(), Series()
        source.extend(1, [1.0] * 10)
        places.curves([Curve("a", source)], clock, TOKENS)
        source.extend(6, [2.0])
        clock.add(6, 1, 1000, 1.0, 0.1)
        (moved,) = places.curves([Curve("a", source)], clock, TOKENS)
        assert list(moved.series.points(0, 1e9))[-2:] == [(50, 1.0), (1050, 2.0)]

    def test_steps_stay_as_they_are(self) -> None:
        curve, mark = Curve("a", Series()), MarkedSteps("▲", "checkpoint", [3])
        assert Places().curves([curve], Clock(), STEPS) == [curve]
        assert Places().marks([mark], ticking([(10, 100.0, 1.0)]), STEPS) == [mark]
        assert Places().marks([mark], ticking([(10, 100.0, 1.0)]), TOKENS) == [mark._replace(steps=array("q", [30]))]
        assert place(ticking([(10, 100.0, 1.0)]), TIME, 5) == 500_000

    def test_marks_that_come_and_marks_that_go(self) -> None:
        clock, places, steps = ticking([(10, 100.0, 1.0)]), Places(), [3]
        places.marks([MarkedSteps("▲", "checkpoint", steps)], clock, TOKENS)
        for later in ([3, 5], [3, 4], [4]):
            (moved,) = places.marks([MarkedSteps("▲", "checkpoint", later)], clock, TOKENS)
            assert list(moved.steps) == [10 * step for step in later]


class TestTicks:
    @given(st.integers(0, 3), st.floats(0, 1e9), st.floats(10, 1e12), st.integers(2, 20))
    def test_they_lie_inside_with_labels_that_differ(self, unit: int, x0: float, length: float, target: int) -> None:
        ticks = UNITS[unit].ticks(x0, x0 + length, target)
        slack = length * 1e-6
        assert all(x0 - slack <= place <= x0 + length + slack for place, _ in ticks)
        assert len(ticks) <= 3 * target + 2

    def test_time_in_steps_of_a_clock(self) -> None:
        assert [label for _, label in TIME.ticks(0, 7_200e6, 4)] == ["0:00", "30:00", "1:00:00", "1:30:00", "2:00:00"]
        assert [label for _, label in TIME.ticks(0, 3e6, 4)][:3] == ["0s", "1s", "2s"]
        assert clock_text(59.6) == "1:00"

    def test_words(self) -> None:
        assert STEPS.text(1200) == "step 1,200"
        assert TOKENS.text(1_234_567) == "1,234,567 tokens"
        assert TIME.text(3_725e6) == "time 1:02:05"
        assert EPOCH.text(1.25e6) == "epoch 1.250"

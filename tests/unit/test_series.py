import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.state.series import FAN_OUT, Column, Series

anything = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.none(),
    st.just(math.nan),
    st.just(math.inf),
    st.just(-math.inf),
)


Points = list[tuple[int, float | None]]


@st.composite
def points(draw: st.DrawFn, all_finite: bool = False) -> Points:
    """Points at increasing steps: dense or with gaps, up to two levels of the pyramid, all different."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    largest_gap = draw(st.sampled_from([1, 1, 2, 40]))
    share_of_marks = 0.0 if all_finite else draw(st.sampled_from([0.0, 0.1, 0.9]))
    result: Points = []
    step = draw(st.integers(-50, 50))
    for _ in range(draw(st.integers(0, 600))):
        is_mark = chance.random() < share_of_marks
        result.append((step, chance.choice([None, math.nan, math.inf]) if is_mark else chance.gauss(0.0, 1.0)))
        step += chance.randint(1, largest_gap)
    return result


def series_of(given_points: Points) -> Series:
    series = Series()
    for step, value in given_points:
        series.append(step, value)
    return series


def kept(given_points: Points) -> list[tuple[int, float]]:
    return [(step, value) for step, value in given_points if value is not None and math.isfinite(value)]


def assert_same(one: Series, other: Series) -> None:
    whole = -1e9, 1e9
    assert list(one.points(*whole)) == list(other.points(*whole))
    assert list(one.not_finite_in(*whole)) == list(other.not_finite_in(*whole))
    assert one.extent(*whole) == other.extent(*whole)
    assert (len(one), one.first_step, one.last_step, one.last) == (
        len(other),
        other.first_step,
        other.last_step,
        other.last,
    )
    assert one.columns(-100, 5000, 37) == other.columns(-100, 5000, 37)


@settings(max_examples=150)
@given(points(), st.floats(-100, 500), st.floats(0.5, 20_000), st.integers(1, 60))
def test_columns_never_lose_a_spike(given_points: Points, x0: float, length: float, width: int) -> None:
    columns = series_of(given_points).columns(x0, x0 + length, width)
    assert len(columns) == width
    shown = [value for step, value in kept(given_points) if x0 <= step <= x0 + length]
    filled = [column for column in columns if column is not None]
    assert max((column.high for column in filled), default=None) == max(shown, default=None)
    assert min((column.low for column in filled), default=None) == min(shown, default=None)
    if shown:
        assert (filled[0].first, filled[-1].last) == (shown[0], shown[-1])


@settings(max_examples=50)
@given(points(), st.integers(1, 30))
def test_each_column_is_what_lies_between_its_edges(given_points: Points, width: int) -> None:
    series = series_of(given_points)
    # A length of `width` whole steps a column keeps the edges free of rounding.
    x0, x1 = -60, -60 + 64 * width
    for index, column in enumerate(series.columns(x0, x1, width)):
        begin, end = x0 + 64 * index, x0 + 64 * (index + 1) + (1 if index == width - 1 else 0)
        inside = [value for step, value in kept(given_points) if begin <= step < end]
        expected = Column(min(inside), max(inside), inside[0], inside[-1]) if inside else None
        assert column == expected


@settings(max_examples=50)
@given(points(), st.integers(0, 30), st.integers(1, 30))
def test_the_tail_of_the_columns_is_the_same_alone(given_points: Points, start: int, width: int) -> None:
    series = series_of(given_points)
    assert series.columns(-7.3, 411.9, width, start) == series.columns(-7.3, 411.9, width)[start:]


@settings(max_examples=50)
@given(points(), st.integers(-60, 3000), points(all_finite=True))
def test_truncating_and_going_on_equals_a_fresh_build(before: Points, step: int, after: Points) -> None:
    series = series_of(before)
    series.truncate_after(step)
    staying = [point for point in before if point[0] <= step]
    assert_same(series, series_of(staying))
    shift = step + 1 - (after[0][0] if after else 0)
    later = [(at + shift, value) for at, value in after]
    for at, value in later:
        series.append(at, value)
    assert_same(series, series_of(staying + later))


@settings(max_examples=50)
@given(st.lists(anything, max_size=200), st.lists(anything, max_size=200), st.integers(-5, 250))
def test_extend_equals_append(first: list[float | None], second: list[float | None], start: int) -> None:
    extended, appended = Series(), Series()
    for begin, values in ((0, first), (start, second)):
        extended.extend(begin, values)
        for step, value in enumerate(values, begin):
            appended.append(step, value)
    assert_same(extended, appended)


@settings(max_examples=50)
@given(points(), st.integers(-100, 3000))
def test_value_at_is_the_nearest_at_or_before(given_points: Points, step: int) -> None:
    earlier = [value for at, value in given_points if at <= step]
    expected = earlier[-1] if earlier and earlier[-1] is not None and math.isfinite(earlier[-1]) else None
    assert series_of(given_points).value_at(step) == expected


@settings(max_examples=50)
@given(points(), st.floats(-100, 3000))
def test_neighbours_of_a_place(given_points: Points, x: float) -> None:
    series = series_of(given_points)
    assert series.point_before(x) == max((p for p in kept(given_points) if p[0] < x), default=None)
    assert series.point_after(x) == min((p for p in kept(given_points) if p[0] > x), default=None)


def test_values_that_are_none_are_marks_and_nothing_else() -> None:
    series = Series()
    series.extend(10, [1.0, None, math.nan, 4.0, math.inf, -math.inf])
    assert len(series) == 6
    assert series.finite_count == 2
    assert (series.first_step, series.last_step, series.last) == (10, 15, 4.0)
    assert list(series.not_finite_in(11, 14)) == [11, 12, 14]
    assert series.extent(0, 100) == (1.0, 4.0)
    assert series.value_at(12) is None
    assert series.value_at(13) == 4.0


def test_a_step_that_is_not_new_drops_what_comes_after_it() -> None:
    series = Series()
    series.extend(0, [float(step) for step in range(100)])
    generation = series.generation
    series.append(40, -1.0)
    assert series.last_step == 40
    assert list(series.points(38, 200)) == [(38, 38.0), (39, 39.0), (40, -1.0)]
    assert series.generation != generation


def test_appending_alone_never_changes_the_generation() -> None:
    series = Series()
    generation = series.generation
    series.extend(0, [1.0] * 500)
    series.append(900, None)
    series.truncate_after(900)
    assert series.generation == generation


def test_steps_with_gaps_leave_columns_empty() -> None:
    series = series_of([(0, 1.0), (1, 2.0), (90, 3.0)])
    columns = series.columns(0, 100, 10)
    assert columns == [Column(1.0, 2.0, 1.0, 2.0), *[None] * 8, Column(3.0, 3.0, 3.0, 3.0)]


def test_the_last_column_holds_the_right_edge() -> None:
    series = series_of([(0, 1.0), (10, 7.0)])
    assert series.columns(0, 10, 2) == [Column(1.0, 1.0, 1.0, 1.0), Column(7.0, 7.0, 7.0, 7.0)]


@pytest.mark.parametrize(("x0", "x1", "width"), [(5.0, 4.0, 3), (0.0, 10.0, 0), (0.0, 0.0, 2)])
def test_windows_that_show_nothing(x0: float, x1: float, width: int) -> None:
    series = series_of([(7, 1.0)])
    assert series.columns(x0, x1, width) == [None] * width


def test_an_empty_series_has_nothing() -> None:
    series = Series()
    assert (len(series), series.first_step, series.last_step, series.last) == (0, None, None, None)
    assert series.value_at(3) is None
    assert series.extent(0, 10) is None
    assert list(series.points(0, 10)) == []
    assert series.columns(0, 10, 2) == [None, None]
    series.extend(0, [])
    series.truncate_after(-1)
    assert len(series) == 0


def test_points_of_any_steps_are_taken_in_order_only() -> None:
    series = Series()
    series.extend_points([3, 5, 9], [1.0, 2.0, 3.0])
    assert list(series.points(0, 10)) == [(3, 1.0), (5, 2.0), (9, 3.0)]
    with pytest.raises(ValueError, match="not after step 9"):
        series.extend_points([9], [1.0])
    with pytest.raises(ValueError, match="2 steps but 1 values"):
        series.extend_points([10, 11], [1.0])


def test_tail_gives_what_came_since() -> None:
    series = Series()
    series.extend(0, [0.0, None, 2.0, 3.0])
    steps, values = series.tail(1)
    assert (list(steps), list(values)) == ([2, 3], [2.0, 3.0])


def test_the_pyramid_grows_by_whole_blocks_of_every_level() -> None:
    series = Series()
    count = FAN_OUT**3 + FAN_OUT + 3
    series.extend(0, [float(step % 997) for step in range(count)])
    for (lows, highs), size in zip(series._levels, (FAN_OUT, FAN_OUT**2, FAN_OUT**3), strict=True):
        assert len(lows) == len(highs) == count // size
        assert lows[0] == 0.0
        assert highs[0] == min(size - 1, 996)


def test_sums_that_overflow_are_still_finite_values() -> None:
    series = Series()
    series.extend(0, [1e308, 1e308, 1e308])
    assert series.finite_count == 3
    assert all(a[0] < b[0] for a, b in pairwise(series.points(0, 10)))

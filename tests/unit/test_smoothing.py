from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.state.series import Series
from msopt_tui.state.smoothing import Smoothed

values = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=120)
weights = st.floats(0.0, 0.999)


def direct(given_values: Sequence[float | None], weight: float) -> list[float]:
    """The weighted mean the average stands for, written out."""
    seen: list[float] = []
    result = []
    for value in given_values:
        if value is None:
            continue
        seen.append(value)
        shares = [weight ** (len(seen) - 1 - index) for index in range(len(seen))]
        result.append(sum(share * old for share, old in zip(shares, seen, strict=True)) / sum(shares))
    return result


def drawn(smoothed: Smoothed) -> list[float]:
    return [value for _, value in smoothed.series.points(-1e9, 1e9)]


@settings(max_examples=50)
@given(values, weights)
def test_equals_the_direct_formula(given_values: list[float | None], weight: float) -> None:
    source = Series()
    source.extend(1, given_values)
    assert drawn(Smoothed(source, weight)) == pytest.approx(direct(given_values, weight), rel=1e-9, abs=1e-6)


@settings(max_examples=50)
@given(values, st.lists(st.integers(0, 120), max_size=4), weights)
def test_coming_in_pieces_makes_no_difference(given_values: list[float | None], cuts: list[int], weight: float) -> None:
    source, whole = Series(), Series()
    whole.extend(0, given_values)
    smoothed = Smoothed(source, weight)
    edges = [0, *sorted(min(cut, len(given_values)) for cut in cuts), len(given_values)]
    for begin, end in pairwise(edges):
        source.extend(begin, given_values[begin:end])
        smoothed.update()
    assert list(smoothed.series.points(-1, 1000)) == list(Smoothed(whole, weight).series.points(-1, 1000))


def test_a_source_that_went_back_is_smoothed_anew() -> None:
    source = Series()
    source.extend(0, [5.0] * 50)
    smoothed = Smoothed(source, 0.9)
    shown = smoothed.series
    source.extend(10, [1.0] * 5)
    smoothed.update()
    assert drawn(smoothed) == pytest.approx(direct([5.0] * 10 + [1.0] * 5, 0.9))
    assert smoothed.series is shown
    assert shown.last_step == 14


def test_another_weight_smooths_anew() -> None:
    source = Series()
    source.extend(0, [1.0, 3.0, 2.0])
    smoothed = Smoothed(source, 0.5)
    smoothed.weight = 0.0
    assert drawn(smoothed) == [1.0, 3.0, 2.0]
    smoothed.weight = 0.8
    assert drawn(smoothed) == pytest.approx(direct([1.0, 3.0, 2.0], 0.8))


def test_values_that_are_none_leave_the_average_alone() -> None:
    source = Series()
    source.extend(0, [2.0, None, float("nan"), 2.0])
    smoothed = Smoothed(source, 0.9)
    assert list(smoothed.series.points(0, 9)) == [(0, 2.0), (3, pytest.approx(2.0))]


def test_nothing_new_costs_nothing() -> None:
    source = Series()
    source.extend(0, [1.0, 2.0])
    smoothed = Smoothed(source, 0.9)
    generation, count = smoothed.series.generation, len(smoothed.series)
    smoothed.update()
    smoothed.weight = 0.9
    assert (smoothed.series.generation, len(smoothed.series)) == (generation, count)


@pytest.mark.parametrize("weight", [-0.1, 1.0, float("nan")])
def test_a_weight_outside_its_range_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        Smoothed(Series(), weight)
    smoothed = Smoothed(Series(), 0.5)
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        smoothed.weight = weight
    assert smoothed.weight == 0.5

"""Rows drawn by weight: shares kept, every row of a source once a pass, the same from wherever one begins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.data.by_source import bounds, stream_rows
from msopt_tui.data.meta import SourceMeta, SplitMeta
from msopt_tui.data.mixture import PERIOD, Mixture, Portion, dealt, portions_for
from msopt_tui.data.order import LengthOrder, RowOrder, Stretch
from msopt_tui.data.tokens import rows_in

weights = st.lists(st.floats(0, 1e6), min_size=1, max_size=8).filter(any)
portions = st.lists(
    st.tuples(st.integers(1, 400), st.floats(0, 10), st.integers(0, 1000)), min_size=1, max_size=4
).filter(lambda rows: any(weight for _, weight, _ in rows))


@given(weights)
def test_a_period_is_dealt_out_whole_and_by_weight(given_weights: list[float]) -> None:
    places, total = dealt(given_weights), sum(given_weights)
    assert sum(places) == PERIOD
    for weight, have in zip(given_weights, places, strict=True):
        assert (have > 0) == (weight > 0)
        assert abs(have - PERIOD * weight / total) <= len(given_weights)


@settings(deadline=None, max_examples=50)
@given(portions, st.integers(0, 2**40), st.integers(0, 5000), st.integers(1, 3000))
def test_a_place_has_its_row_wherever_one_begins(
    table: list[tuple[int, float, int]], seed: int, first: int, count: int
) -> None:
    mixture = Mixture([Portion(*row) for row in table], seed)
    whole, keys = mixture.rows(0, first + count)
    rows, own = mixture.rows(first, count)
    np.testing.assert_array_equal(rows, whole[first:])
    np.testing.assert_array_equal(own, keys[first:])
    edges = bounds([rows for rows, _, _ in table])
    taken = np.histogram(whole[:first], edges)[0] + np.array([before for _, _, before in table])
    assert mixture.taken(first) == taken.tolist()


def test_every_source_passes_over_all_of_its_rows_before_one_comes_again() -> None:
    rows, _ = Mixture(portions_for([30, 50, 20], [3, 1, 0], [0, 0, 0]), 7).rows(0, 2 * PERIOD)
    assert rows.max() < 80, "the third is left out"
    for first, end in ((0, 30), (30, 80)):
        own = rows[(rows >= first) & (rows < end)]
        for begin in range(0, len(own) - (end - first) + 1, end - first):
            assert sorted(own[begin : begin + end - first]) == list(range(first, end))
    assert np.histogram(rows, [0, 30, 80])[0].tolist() == [3 * PERIOD // 2, PERIOD // 2]


def test_a_change_of_weights_goes_on_with_the_rows_that_come_next() -> None:
    lengths = np.arange(1, 101)
    before = Stretch(0, 0, 4, portions_for([60, 40], [1, 1], [0, 0]))
    taken = before.taken(30, [60, 40], 5)
    assert sum(taken) == 120
    after = Stretch(30, 120, 4, portions_for([60, 40], [1, 3], taken))
    order, again = RowOrder(100, 4, 5), RowOrder(100, 4, 5)
    order.begin(before)
    seen = [order.rows_of_step(step)[0] for step in range(1, 31)]
    order.begin(after)
    seen += [order.rows_of_step(step)[0] for step in range(31, 61)]
    again.begin(after)
    np.testing.assert_array_equal(again.rows_of_step(60)[0], seen[-1])
    second = np.concatenate(seen)
    second = second[second >= 60]
    for begin in range(0, len(second) - 39, 40):
        assert sorted(second[begin : begin + 40]) == list(range(60, 100))
    grouped = LengthOrder(lengths, 4, 5)
    grouped.begin(before)
    drawn = np.concatenate([grouped.rows_of_step(step)[0] for step in range(1, 257)])
    assert (drawn < 60).mean() == pytest.approx(0.5, abs=0.01)


def test_a_row_of_a_stream_belongs_to_whoever_has_its_middle() -> None:
    split = SplitMeta(3, 1, 1, 101, by_source=[SourceMeta(34), SourceMeta(0), SourceMeta(67)])
    assert stream_rows(split, 10) == [3, 0, 7]
    assert stream_rows(SplitMeta(3, 1, 1, 101), 10) == [10]


@given(st.lists(st.integers(0, 60), min_size=2, max_size=5).filter(any), st.integers(8, 20))
def test_every_row_of_a_stream_belongs_to_one_source(tokens: list[int], length: int) -> None:
    split = SplitMeta(3, 1, 1, sum(tokens), by_source=[SourceMeta(count) for count in tokens])
    owner = np.repeat(np.arange(len(tokens)), tokens)
    middles = [row * length + length // 2 for row in range(rows_in(sum(tokens), length))]
    assert stream_rows(split, length) == np.bincount(owner[middles], minlength=len(tokens)).tolist()

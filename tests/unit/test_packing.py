from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.data.packing import pack


@st.composite
def lengths_and_limit(draw: st.DrawFn) -> tuple[list[int], int]:
    limit = draw(st.integers(1, 64))
    return draw(st.lists(st.integers(1, limit), max_size=120)), limit


def best_fit_decreasing(lengths: list[int], limit: int) -> list[list[int]]:
    """As the books have it."""
    rows: list[list[int]] = []
    for length in sorted(lengths, reverse=True):
        open_rows = [row for row in rows if sum(row) + length <= limit]
        if open_rows:
            max(open_rows, key=sum).append(length)
        else:
            rows.append([length])
    return rows


@given(case=lengths_and_limit())
def test_every_example_stands_once_in_a_row_that_holds_it(case: tuple[list[int], int]) -> None:
    lengths, limit = case
    order, bounds = pack(lengths, limit)
    assert sorted(order) == list(range(len(lengths)))
    assert bounds[0] == 0
    assert bounds[-1] == len(lengths)
    rows = [order[first:last] for first, last in pairwise(bounds)]
    assert all(0 < sum(lengths[number] for number in row) <= limit for row in rows)
    assert all(list(row) == sorted(row) for row in rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


@given(case=lengths_and_limit())
def test_rows_are_those_of_best_fit_decreasing(case: tuple[list[int], int]) -> None:
    lengths, limit = case
    order, bounds = pack(lengths, limit)
    rows = [order[first:last] for first, last in pairwise(bounds)]
    # Rows with equally much room left are as good as each other: which of them is taken is not said.
    ours = sorted(sum(lengths[number] for number in row) for row in rows)
    assert ours == sorted(map(sum, best_fit_decreasing(lengths, limit)))


@pytest.mark.parametrize(("mu", "sigma", "limit"), [(5.0, 0.8, 2048), (4.0, 1.0, 512), (5.5, 1.0, 1024)])
def test_lengths_as_they_are_found_leave_hardly_any_padding(mu: float, sigma: float, limit: int) -> None:
    lengths = np.random.default_rng(0).lognormal(mu, sigma, 20_000).clip(4, limit).astype(np.int64)
    _, bounds = pack(lengths, limit)
    assert lengths.sum() >= 0.98 * (len(bounds) - 1) * limit


def test_the_same_lengths_give_the_same_rows() -> None:
    lengths = np.random.default_rng(1).integers(1, 100, 5_000)
    first, second = pack(lengths, 128), pack(lengths.copy(), 128)
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_a_million_examples_take_seconds() -> None:
    lengths = np.random.default_rng(2).lognormal(5.0, 1.0, 1_000_000).clip(4, 4096).astype(np.int64)
    began = time.process_time()
    order, bounds = pack(lengths, 4096)
    assert time.process_time() - began < 10
    sums = np.add.reduceat(lengths[order], bounds[:-1])
    assert sums.max() <= 4096
    assert np.array_equal(np.sort(order), np.arange(len(lengths)))


def test_nothing_gives_no_rows() -> None:
    order, bounds = pack([], 8)
    assert (len(order), bounds.tolist()) == (0, [0])


@pytest.mark.parametrize("lengths", [[3, 0], [3, 9], [-1]])
def test_what_does_not_fit_is_an_error(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="each must be 1 to 8"):
        pack(lengths, 8)

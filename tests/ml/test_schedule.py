"""The learning rate as a function of the step, checked by properties and at points worked out by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.ml.schedule import Kind, learning_rate

PEAK = 2e-3
KINDS: tuple[Kind, ...] = get_args(Kind)
DECAYING = tuple(kind for kind in KINDS if kind != "constant")

totals = st.integers(1, 500)
warmups = st.integers(0, 600)
shares = st.floats(0.0, 1.0)


def curve(total: int, kind: Kind, warmup: int, ratio: float = 0.2, lowest: float = 0.1) -> list[float]:
    return [learning_rate(step, total, PEAK, kind, warmup, ratio, lowest) for step in range(1, total + 1)]


@given(totals, st.sampled_from(KINDS), warmups, shares, shares)
def test_every_rate_lies_between_nothing_and_the_peak_and_the_first_is_not_nothing(
    total: int, kind: Kind, warmup: int, ratio: float, lowest: float
) -> None:
    rates = curve(total, kind, warmup, ratio, lowest)
    assert rates[0] > 0.0
    assert all(0.0 <= rate <= PEAK for rate in rates)


@given(totals, st.sampled_from(KINDS), warmups, shares, shares)
def test_the_rate_rises_in_the_warm_up_and_never_after_it(
    total: int, kind: Kind, warmup: int, ratio: float, lowest: float
) -> None:
    rates = curve(total, kind, warmup, ratio, lowest)
    turn = min(warmup, total)
    assert rates[:turn] == sorted(rates[:turn])
    falling = rates[max(turn - 1, 0) :]
    assert falling == sorted(falling, reverse=True)


@given(totals.filter(lambda total: total > 1), st.sampled_from(DECAYING), shares)
def test_the_last_step_has_the_minimum_and_so_has_every_later_one(total: int, kind: Kind, lowest: float) -> None:
    expected = pytest.approx(PEAK * lowest, abs=1e-15)
    for step in (total, total + 1, 10 * total):
        assert learning_rate(step, total, PEAK, kind, 0, 0.5, lowest) == expected


@given(st.integers(2, 500), st.sampled_from(("linear", "cosine")), st.integers(0, 100))
def test_neighbouring_steps_differ_by_no_more_than_their_share(total: int, kind: Kind, warmup: int) -> None:
    rates = curve(total, kind, warmup, lowest=0.0)
    rise = PEAK / max(warmup, 1)
    # A cosine falls at most pi/2 times as fast as the straight line.
    fall = 1.6 * PEAK / max(total - max(warmup, 1), 1)
    for before, after in pairwise(rates):
        assert -fall - 1e-12 <= after - before <= rise + 1e-12


def test_a_warm_up_rises_in_equal_steps_to_the_peak() -> None:
    assert curve(10, "constant", 4) == pytest.approx([PEAK / 4, PEAK / 2, PEAK * 3 / 4] + [PEAK] * 7)


def test_without_a_warm_up_the_first_step_has_the_peak() -> None:
    assert [curve(10, kind, 0)[0] for kind in KINDS] == [PEAK] * 4


def test_half_way_down() -> None:
    assert learning_rate(6, 11, PEAK, "linear", 1, 0.0, 0.2) == pytest.approx(0.6 * PEAK)
    assert learning_rate(6, 11, PEAK, "cosine", 1, 0.0, 0.2) == pytest.approx(0.6 * PEAK)
    assert learning_rate(3, 9, PEAK, "cosine", 1, 0.0, 0.0) == pytest.approx(PEAK * (1 + 2**-0.5) / 2)


def test_warmup_stable_decay_holds_the_peak_until_its_decay() -> None:
    rates = curve(100, "warmup_stable_decay", 10, ratio=0.2, lowest=0.0)
    assert rates[9:80] == [PEAK] * 71
    assert rates[84] == pytest.approx(PEAK * (1 - 0.25**0.5))
    assert rates[99] == 0.0


def test_a_round_that_is_over_before_its_warm_up_keeps_rising() -> None:
    assert curve(3, "cosine", 10) == pytest.approx([PEAK / 10, PEAK / 5, PEAK * 3 / 10])


def test_a_round_of_one_step_trains_at_the_peak() -> None:
    assert curve(1, "linear", 0, lowest=0.0) == [PEAK]

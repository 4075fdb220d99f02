"""The range test on curves whose stable rates are known."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.refinement import rate_test
from msopt_tui.refinement.signs.rate import of_test


def curve(rates: list[float], stable: float, noise: float = 0.02, seed: int = 0) -> list[float]:
    """Steps that help in proportion to the rate up to `stable` and hurt beyond it, from 6 nats on."""
    draw, loss, losses = random.Random(seed), 6.0, []
    for rate in rates:
        losses.append(loss + draw.gauss(0, noise))
        loss -= 0.3 * rate / stable if rate < stable else -0.1
    return losses


@pytest.mark.parametrize("stable", [3e-3, 1e-2, 5e-2, 2e-1])
@pytest.mark.parametrize("steps", [20, 24, 40])
def test_the_suggestion_lies_below_the_top_and_not_far_below(stable: float, steps: int) -> None:
    for seed in range(10):
        rates = rate_test.rates_for(1e-3, steps)
        reading = rate_test.read(rates, curve(rates, stable, seed=seed))
        assert reading is not None
        assert stable / 8 < reading.suggested < stable


def test_the_rates_hold_the_written_one_well_inside() -> None:
    for written in (1e-6, 3e-4, 0.3, 9.0):
        rates = rate_test.rates_for(written, 24)
        assert rates[0] <= written / 9.9
        assert rates[-1] >= written * 9.9
        assert rates == sorted(rates)


def test_it_stops_soon_after_the_top_and_the_reading_is_the_same() -> None:
    rates = rate_test.rates_for(1e-3, 40)
    losses = curve(rates, 1e-2)
    stopped = next(at for at in range(1, 41) if rate_test.over_the_top(losses[:at]))
    assert stopped < 36
    whole, early = rate_test.read(rates, losses), rate_test.read(rates, losses[:stopped])
    assert whole is not None
    assert early is not None
    assert early.suggested == pytest.approx(whole.suggested, rel=0.5)


def test_a_loss_that_is_not_finite_is_over_the_top() -> None:
    assert rate_test.over_the_top([6.0, 5.9, math.nan])
    rates = rate_test.rates_for(1e-3, 24)
    losses = [*curve(rates, 1e-2)[:18], math.nan]
    assert rate_test.read(rates, losses) is not None


@pytest.mark.parametrize(
    "losses", [[6.0] * 24, [6 + n * 0.1 for n in range(24)], [6 - n * 0.001 for n in range(24)], [6.0, 5.0], []]
)
def test_a_curve_that_does_not_say_gives_nothing(losses: list[float]) -> None:
    assert rate_test.read(rate_test.rates_for(1e-3, 24), losses) is None


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf), min_size=1, max_size=40))
def test_no_curve_breaks_it(losses: list[float]) -> None:
    rates = rate_test.rates_for(1e-3, 40)
    rate_test.over_the_top(losses)
    reading = rate_test.read(rates, losses)
    assert reading is None or rates[0] / 3 <= reading.suggested <= rates[-1]


def test_a_rate_near_the_suggestion_is_left_alone_and_more_so_where_care_is_asked_for() -> None:
    reading = rate_test.Reading(suggested=1e-2, lowest_at=4e-2, descent=1.0)
    assert of_test(8e-3, reading, cautious=False) is None
    low, high = of_test(3e-3, reading, cautious=False), of_test(0.3, reading, cautious=True)
    assert low is not None
    assert high is not None
    assert (low.kind, high.kind) == ("rate-too-low", "rate-too-high")
    assert low.confidence < high.confidence == 1.0
    assert of_test(3e-3, reading, cautious=True) is None

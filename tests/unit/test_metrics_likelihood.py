from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.ml.metrics.likelihood import MAX_EXPONENT, bits_per_byte, likelihood, perplexity


def test_a_fair_choice_of_four() -> None:
    # Two bits a token, two bytes a token: one bit a byte.
    rows = [3 * math.log(4), 5 * math.log(4)]
    assert likelihood(rows, tokens=8, correct=2, text_bytes=16) == pytest.approx(
        {"loss": math.log(4), "perplexity": 4, "bits_per_byte": 1, "accuracy": 25}
    )


def test_the_mean_is_over_tokens_not_over_rows() -> None:
    assert likelihood([1.0, 9.0], tokens=4, correct=0)["loss"] == 2.5


def test_without_bytes_there_is_no_figure_per_byte() -> None:
    assert likelihood([1.0], tokens=1, correct=1).keys() == {"loss", "perplexity", "accuracy"}


def test_no_token_is_no_figure() -> None:
    nothing = {"loss": None, "perplexity": None, "bits_per_byte": None, "accuracy": None}
    assert likelihood([], tokens=0, correct=0, text_bytes=0) == nothing
    assert bits_per_byte(1.0, 0) is None


def test_perplexity_up_to_the_largest_number() -> None:
    assert perplexity(MAX_EXPONENT) == pytest.approx(sys.float_info.max)
    assert perplexity(math.nextafter(MAX_EXPONENT, math.inf)) is None
    assert perplexity(0.0) == 1


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf, 1e308])
def test_what_is_not_finite_is_no_figure_but_the_accuracy_stays(broken: float) -> None:
    rows = [broken, broken, 1.0]
    metrics = likelihood(rows, tokens=4, correct=1, text_bytes=4)
    assert metrics == {"loss": None, "perplexity": None, "bits_per_byte": None, "accuracy": 25}


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_rows_have_no_order_and_no_batches(rows: list[float]) -> None:
    tokens = 3 * len(rows)
    whole = likelihood(rows, tokens=tokens, correct=0, text_bytes=7)
    assert whole == likelihood(sorted(rows), tokens=tokens, correct=0, text_bytes=7)
    halves = [math.fsum(rows[: len(rows) // 2]), math.fsum(rows[len(rows) // 2 :])]
    assert whole["loss"] == pytest.approx(likelihood(halves, tokens=tokens, correct=0)["loss"])

"""Which tokens are hidden: the right share of ordinary ones, the same for the same key, never nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.ml.tasks.example_task import IGNORED
from msopt_tui.ml.tasks.masked_lm import Masking

MASK, SPECIAL = 4, frozenset({0, 1, 4})


def rows(count: int, length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(5, 500, (count, length))


def test_shares_are_those_of_the_paper() -> None:
    ids = rows(200, 500)
    read, wanted = Masking(MASK, 500, SPECIAL, 0.15).hide(ids, np.ones_like(ids, bool), 1, 2)
    picked = wanted != IGNORED
    assert picked.mean() == pytest.approx(0.15, abs=0.005)
    assert (read[picked] == MASK).mean() == pytest.approx(0.8, abs=0.01)
    assert (read[picked] == ids[picked]).mean() == pytest.approx(0.1, abs=0.01)
    assert (read[~picked] == ids[~picked]).all()
    assert (wanted[picked] == ids[picked]).all()


def test_the_key_decides() -> None:
    ids = rows(4, 64)
    there = np.ones_like(ids, bool)
    masking = Masking(MASK, 500, SPECIAL, 0.15)
    first, again, other = (masking.hide(ids, there, 42, step) for step in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[1], other[1])


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 10**6))
def test_special_tokens_and_padding_stay_and_every_row_has_one_hidden(count: int, length: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    ids, there = random.integers(0, 20, (count, length)), random.random((count, length)) < 0.7
    _, wanted = Masking(MASK, 20, SPECIAL, 0.05).hide(ids, there, seed, 1)
    ordinary = there & ~np.isin(ids, sorted(SPECIAL))
    assert not (wanted != IGNORED)[~ordinary].any()
    assert ((wanted != IGNORED).any(axis=1) == ordinary.any(axis=1)).all()

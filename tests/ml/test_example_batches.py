"""Batches of rows of different lengths: every row once an epoch, like with like, padding that counts for nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.data.order import PADDED_TO, LengthOrder, RowOrder, padding_share
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.example_batches import mask_of, pad
from msopt_tui.ml.tasks.causal_form import IDS, POSITIONS, TARGETS, collate
from msopt_tui.ml.tasks.example_task import IGNORED

rows_of_lengths = st.lists(st.lists(st.integers(2, 9), min_size=1, max_size=4), min_size=1, max_size=6)


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 20), st.integers(0, 10**9))
def test_every_epoch_has_every_row_once(rows: int, per_step: int, seed: int) -> None:
    lengths = np.arange(rows, dtype=np.int64) % 17
    for order in (RowOrder(rows, per_step, seed), LengthOrder(lengths, per_step, seed)):
        block = max(1, 1024 // per_step)
        steps = [order.rows_of_step(step)[0] for step in range(1, block + 1)]
        taken = np.concatenate(steps)
        # Within a block rows change places, across blocks they don't: whole epochs inside it are counted.
        times = np.bincount(taken, minlength=rows)
        assert times.max() - times.min() <= 1


def test_rows_of_a_step_are_of_like_length_and_steps_are_in_no_order() -> None:
    lengths = np.random.default_rng(0).integers(5, 200, 1000)
    order = LengthOrder(lengths, 8, seed=3)
    steps = [lengths[order.rows_of_step(step)[0]] for step in range(1, 101)]
    assert np.mean([step.max() - step.min() for step in steps]) < 5
    firsts = np.array([step.mean() for step in steps])
    assert abs(np.corrcoef(firsts, np.arange(100))[0, 1]) < 0.3


def test_rows_of_like_length_leave_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(20, 200, 2000)
    mixed, sorted_ = (padding_share(kind, lengths) for kind in (RowOrder(2000, 16, 1), LengthOrder(lengths, 16, 1)))
    assert mixed > 0.35
    assert sorted_ < 0.05
    assert padding_share(RowOrder(5, 2, 1), np.full(5, 16)) == 0.0


def test_a_step_is_a_pure_function_of_the_seed() -> None:
    lengths = np.random.default_rng(0).integers(5, 200, 1000)
    there = LengthOrder(lengths, 8, seed=3).rows_of_step(431)[0]
    order = LengthOrder(lengths, 8, seed=3)
    for step in (1, 900, 431):
        again = order.rows_of_step(step)[0]
    np.testing.assert_array_equal(there, again)
    assert not np.array_equal(there, LengthOrder(lengths, 8, seed=4).rows_of_step(431)[0])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_padding_is_marked_and_holds_no_token(lengths: list[int]) -> None:
    rows = [np.arange(1, length + 1) for length in lengths]
    filled, mask = pad(rows, -7), mask_of(rows)
    assert filled.shape == mask.shape
    assert filled.shape[1] % PADDED_TO == 0
    for row, kept, there in zip(rows, filled, mask, strict=True):
        assert kept[there == 1].tolist() == row.tolist()
        assert set(kept[there == 0].tolist()) <= {-7}


@given(rows_of_lengths)
def test_every_supervised_token_is_predicted_from_the_one_before(lengths: list[list[int]]) -> None:
    random = np.random.default_rng(sum(map(sum, lengths)))
    rows = [[(random.integers(2, 99, n), random.integers(0, 2, n)) for n in row] for row in lengths]
    collated = collate(rows)
    arrays = collated.arrays
    assert collated.targets == int(sum(learnt[1:].sum() for row in rows for _, learnt in row))
    for place, row in enumerate(rows):
        at = 0
        for ids, learnt in row:
            inputs, targets = arrays[IDS][place, at : at + len(ids) - 1], arrays[TARGETS][place, at : at + len(ids) - 1]
            assert inputs.tolist() == ids[:-1].tolist()
            assert targets.tolist() == [int(i) if s else IGNORED for i, s in zip(ids[1:], learnt[1:], strict=True)]
            at += len(ids) - 1
        assert (arrays[TARGETS][place, at:] == IGNORED).all()
    if POSITIONS in arrays:
        starts = (arrays[POSITIONS] == 0).sum(axis=1)
        assert starts.tolist() == [len(row) for row in rows]
    else:
        assert all(len(row) == 1 for row in rows)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_parts_hold_every_row_once_and_the_targets_of_the_whole(count: int) -> None:
    batch = Batch({"a": torch.arange(12).view(6, 2), "b": torch.arange(6)}, targets=40, tokens=50)
    parts = list(batch.parts(count))
    assert len(parts) <= count
    assert torch.equal(torch.cat([part["a"] for part in parts]), batch["a"])
    assert torch.equal(torch.cat([part["b"] for part in parts]), batch["b"])
    assert {part.targets for part in parts} == {40}

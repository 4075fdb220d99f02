import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.data.keyed import ROUNDS, Words, mix, permute
from msopt_tui.data.meta import SplitMeta
from msopt_tui.data.order import Batches, BatchOrder, Stretch
from msopt_tui.data.tokens import TokenSplit, rows_in

shapes = st.tuples(st.integers(1, 300), st.integers(8, 20), st.integers(1, 40), st.integers(0, 10**12))
"""Rows, max_length, rows a step, seed."""


def order_of(rows: int, max_length: int, rows_per_step: int, seed: int) -> BatchOrder:
    return BatchOrder(rows * max_length + 1, max_length, rows_per_step, seed)


def keys_for(size: int, seed: int) -> Words:
    """The same keys for every index."""
    column = mix(np.arange(ROUNDS, dtype=np.uint64) + np.uint64(seed))
    return np.repeat(column[:, None], size, axis=1)


def stretch(order: BatchOrder, steps: int) -> list[tuple[int, int]]:
    """(row, offset) of everything trained on in the first `steps` steps."""
    parts = [order.rows_of_step(step) for step in range(1, steps + 1)]
    return [(int(row), int(offset)) for rows, offsets in parts for row, offset in zip(rows, offsets, strict=True)]


@settings(deadline=None)
@given(st.integers(1, 3000), st.integers(0, 2**63))
def test_a_permutation_has_every_place_once(size: int, seed: int) -> None:
    places = permute(np.arange(size, dtype=np.uint64), keys_for(size, seed), size)
    assert sorted(places.tolist()) == list(range(size))


def test_an_index_has_its_place_whatever_else_is_asked() -> None:
    size = 1000
    whole = permute(np.arange(size, dtype=np.uint64), keys_for(size, 5), size)
    alone = permute(np.array([321], dtype=np.uint64), keys_for(1, 5), size)
    assert whole[321] == alone[0]


def test_a_permutation_of_billions_is_never_stored() -> None:
    size = 10**12 + 39
    some = np.arange(size - 500, size, dtype=np.uint64)
    places = permute(some, keys_for(500, 1), size)
    assert len(set(places.tolist())) == 500
    assert int(places.max()) < size


def test_places_look_random() -> None:
    """Neighbours land far apart, no fixed points to speak of, and every tenth is hit evenly."""
    size = 10_000
    places = permute(np.arange(size, dtype=np.uint64), keys_for(size, 2), size).astype(np.int64)
    assert np.abs(np.diff(places)).mean() == pytest.approx(size / 3, rel=0.05)
    assert (places == np.arange(size)).sum() < 10
    assert abs(np.corrcoef(places, np.arange(size))[0, 1]) < 0.05
    early = np.bincount(places[: size // 10] * 10 // size, minlength=10)
    assert early.min() > 60


@settings(deadline=None)
@given(shapes)
def test_every_epoch_has_every_row_once_and_one_offset(shape: tuple[int, int, int, int]) -> None:
    rows, max_length, rows_per_step, _ = shape
    order = order_of(*shape)
    seen = stretch(order, -(-3 * rows // rows_per_step))
    for epoch in range(3):
        part = seen[epoch * rows : (epoch + 1) * rows]
        assert sorted(row for row, _ in part) == list(range(rows))
        offsets = {offset for _, offset in part}
        assert len(offsets) == 1
        assert 0 <= offsets.pop() < max_length


@settings(deadline=None)
@given(shapes, st.integers(1, 10**9))
def test_a_step_is_a_pure_function_of_the_seed(shape: tuple[int, int, int, int], step: int) -> None:
    fresh = order_of(*shape).rows_of_step(step)
    used = order_of(*shape)
    for other in (step + 1, 1, step + 5000, max(1, step - 1)):
        used.rows_of_step(other)
    np.testing.assert_array_equal(used.rows_of_step(step), fresh)
    assert fresh[0].shape == fresh[1].shape == (shape[2],)


def test_epochs_and_seeds_differ_in_order_and_offset() -> None:
    order = order_of(500, 64, 500, 7)
    first, second = order.rows_of_step(1), order.rows_of_step(2)
    assert (first[0] == second[0]).mean() < 0.05
    other = order_of(500, 64, 500, 8).rows_of_step(1)
    assert (first[0] == other[0]).mean() < 0.05
    assert len({int(order.rows_of_step(step)[1][0]) for step in range(1, 60)}) > 20


def test_one_row_goes_round_and_round() -> None:
    order = order_of(1, 8, 3, 0)
    assert order.rows_of_step(4)[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("tokens", "rows_per_step"), [(8, 1), (0, 1), (100, 0)])
def test_no_row_is_an_error(tokens: int, rows_per_step: int) -> None:
    with pytest.raises(ValueError, match="give no row"):
        BatchOrder(tokens, 8, rows_per_step, 0)


def test_steps_count_from_one() -> None:
    with pytest.raises(ValueError, match="steps count from 1"):
        order_of(10, 8, 1, 0).rows_of_step(0)


def test_the_order_never_changes_between_versions() -> None:
    """A changed figure here means that no checkpoint of before resumes exactly."""
    rows, offsets = BatchOrder(129_000, 128, 8, 42).rows_of_step(1000)
    assert rows.tolist() == PINNED_ROWS
    assert offsets.tolist() == PINNED_OFFSETS


PINNED_ROWS = [84, 810, 650, 501, 72, 777, 876, 796]
PINNED_OFFSETS = [60] * 8


def split_of(tokens: int) -> TokenSplit:
    return TokenSplit(np.arange(tokens, dtype=np.uint16), SplitMeta(1, tokens, tokens, tokens))


def test_a_batch_is_made_of_consecutive_tokens() -> None:
    batches = Batches(split_of(5000), 16, 4, 3)
    rows, offsets = batches.order.rows_of_step(9)
    batch = batches.batch(9)
    assert batch.shape == (4, 17)
    assert batch.dtype == np.int64
    np.testing.assert_array_equal(batch[:, 0], rows * 16 + offsets)
    np.testing.assert_array_equal(np.diff(batch, axis=1), 1)


@settings(deadline=None)
@given(st.integers(9, 200), st.integers(8, 20))
def test_an_epoch_trains_on_every_token_but_less_than_two_rows(tokens: int, max_length: int) -> None:
    rows = rows_in(tokens, max_length)
    if not rows:
        return
    inputs = Batches(split_of(tokens), max_length, rows, 11).batch(1)[:, :-1]
    assert len(np.unique(inputs)) == inputs.size >= tokens - max_length


@settings(deadline=None)
@given(shapes, st.integers(0, 30), st.integers(1, 40))
def test_another_number_of_rows_a_step_goes_on_with_the_rows_that_would_have_come(
    shape: tuple[int, int, int, int], before: int, other: int
) -> None:
    rows, length, per_step, seed = shape
    one = Stretch(0, 0, per_step)
    taken = one.rows_before(before)
    wanted = stretch(order_of(rows, length, 1, seed), taken + 5 * other)
    order = order_of(rows, length, other, seed)
    order.begin(Stretch(before, taken, other))
    after = [order.rows_of_step(before + at) for at in range(1, 6)]
    found = [(int(row), int(shift)) for part in after for row, shift in zip(*part, strict=True)]
    assert found == wanted[taken:]
    with pytest.raises(ValueError, match="steps count from"):
        order.rows_of_step(before)

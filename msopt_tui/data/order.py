"""The order of training: batch k is a pure function of (seed, k), so that any step can be taken up again anywhere.

Every epoch passes over all rows once, in the order of a keyed permutation; where sources are drawn by weight, every
source has passes of its own (`mixture`). Every epoch also shifts the places where rows are cut, so that the model does
not see the same windows again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from msopt_tui.data.keyed import Words, keys_of, mix, permute
from msopt_tui.data.mixture import Mixture, Portion
from msopt_tui.data.tokens import Rows, TokenSplit, rows_in

BLOCK_ROWS = 1024
"""Rows placed at a time: what numpy costs a call is spread over many steps."""


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """Steps that learn from equally many rows of the same mixture. A run has one, and another for every change of the
    global batch or of the sources' weights."""

    first_step: int
    """Steps taken before it."""
    first_row: int
    """Rows taken before it, all epochs counted."""
    rows_per_step: int
    portions: tuple[Portion, ...] = ()
    """Sources drawn by weight; empty where every epoch has every row once."""

    def rows_before(self, step: int) -> int:
        """Rows taken in the first `step` steps of the run, where the stretch reaches that far."""
        return self.first_row + (step - self.first_step) * self.rows_per_step

    def taken(self, step: int, rows: Sequence[int], seed: int) -> list[int]:
        """Rows of each source taken in the first `step` steps; `rows`: what there are of each."""
        if self.portions:
            return Mixture(self.portions, seed).taken((step - self.first_step) * self.rows_per_step)
        return [self.rows_before(step) * each // max(sum(rows), 1) for each in rows]


class RowOrder:
    """Which of `rows` rows a step trains on. Steps count from 1; one may reach into the next epoch."""

    def __init__(self, rows: int, rows_per_step: int, seed: int) -> None:
        """Raises ValueError without rows."""
        if rows < 1 or rows_per_step < 1:
            raise ValueError(f"{rows} rows, {rows_per_step} a step: both must be at least 1")
        self.rows = rows
        """Rows in an epoch."""
        self.rows_per_step = rows_per_step
        self._written_seed = seed
        self._seed = mix(np.array([seed], dtype=np.uint64))
        self._mixture: Mixture | None = None
        self._begin = Stretch(0, 0, rows_per_step)
        self._steps_per_block = max(1, BLOCK_ROWS // rows_per_step)
        self._block_number = -1
        self._block: tuple[Rows, Rows] = (np.zeros(0, np.int64), np.zeros(0, np.int64))

    def begin(self, stretch: Stretch) -> None:
        """Go on where another number of rows a step left off: the first row is the one that would have come next."""
        assert stretch.rows_per_step == self.rows_per_step, "the stretch of these steps"
        assert not stretch.portions or sum(one.rows for one in stretch.portions) == self.rows, "of these rows"
        self._begin = stretch
        self._mixture = Mixture(stretch.portions, self._written_seed) if stretch.portions else None
        self._block_number = -1

    def rows_of_step(self, step: int) -> tuple[Rows, Rows]:
        """Row indices and their epoch's offset, both [rows_per_step]; raises ValueError for a step before the stretch.

        The offset is 0 but for rows that are cut from a stream.
        """
        if step <= self._begin.first_step:
            raise ValueError(f"steps count from {self._begin.first_step + 1}, not {step}")
        number, inside = divmod(step - 1 - self._begin.first_step, self._steps_per_block)
        if number != self._block_number:
            self._block = self._place(number * self._steps_per_block)
            self._block_number = number
        rows, offsets = self._block
        part = slice(inside * self.rows_per_step, (inside + 1) * self.rows_per_step)
        return rows[part], offsets[part]

    def epoch_of_step(self, step: int) -> float:
        """Epochs behind after `step` steps."""
        return self._begin.rows_before(step) / self.rows

    def _place(self, steps_before: int) -> tuple[Rows, Rows]:
        """Rows and offsets of a whole block that begins after `steps_before` steps of the stretch."""
        first, size = steps_before * self.rows_per_step, self._steps_per_block * self.rows_per_step
        drawn, epoch_keys = self._mixture.rows(first, size) if self._mixture else self._drawn(first, size)
        rows, offsets = self._arranged(drawn, epoch_keys)
        rows.setflags(write=False)
        offsets.setflags(write=False)
        return rows, offsets

    def _drawn(self, first: int, size: int) -> tuple[Rows, Words]:
        """Rows of places of the stretch, and for each a key that its epoch has alone [size]."""
        first += self._begin.first_row
        positions = np.arange(first, first + size, dtype=np.uint64)
        epochs, indices = np.divmod(positions, np.uint64(self.rows))
        epoch_keys = mix(self._seed ^ mix(epochs))
        return permute(indices, keys_of(epoch_keys), self.rows).astype(np.int64), epoch_keys

    def _arranged(self, rows: Rows, _epoch_keys: Words) -> tuple[Rows, Rows]:
        """The rows of a block in the order in which its steps take them, and their offsets."""
        return rows, np.zeros_like(rows)


class BatchOrder(RowOrder):
    """Rows cut from a stream of tokens, at places that every epoch shifts."""

    def __init__(self, n_tokens: int, max_length: int, rows_per_step: int, seed: int) -> None:
        """`n_tokens` in the split, `max_length` inputs a row; raises ValueError where that gives no row."""
        rows = rows_in(n_tokens, max_length)
        if rows < 1 or rows_per_step < 1:
            raise ValueError(f"{n_tokens} tokens give no row of max_length {max_length} (or rows_per_step is below 1)")
        super().__init__(rows, rows_per_step, seed)
        self.max_length = max_length

    def _arranged(self, rows: Rows, epoch_keys: Words) -> tuple[Rows, Rows]:
        """A row's tokens begin at row · max_length + offset, 0 <= offset < max_length."""
        return rows, (mix(epoch_keys) % np.uint64(self.max_length)).astype(np.int64)


class LengthOrder(RowOrder):
    """Rows of different lengths: those of a step are of like length, so that little of a batch is padding.

    Rows are drawn as ever; within a block of about BLOCK_ROWS they are sorted by length, cut into steps, and the steps
    are taken in a random order. Every epoch still has every row once, but for the block under way when the number of
    rows a step is changed: some of its rows come again and some are left out.
    """

    def __init__(self, lengths: Rows, rows_per_step: int, seed: int) -> None:
        """`lengths` [rows] in tokens; raises ValueError without rows."""
        super().__init__(len(lengths), rows_per_step, seed)
        self._lengths = lengths

    def _arranged(self, rows: Rows, epoch_keys: Words) -> tuple[Rows, Rows]:
        by_length = rows[np.argsort(self._lengths[rows], kind="stable")].reshape(-1, self.rows_per_step)
        steps = np.arange(len(by_length), dtype=np.uint64)
        shuffled = by_length[np.argsort(mix(mix(epoch_keys[:1]) + mix(rows[:1].astype(np.uint64)) + steps))]
        return shuffled.reshape(-1), np.zeros_like(rows)


PADDED_TO = 8
"""Rows of a batch are as long as the longest of them, rounded up to a multiple of this: fewer shapes (tokens)."""
MEASURED_STEPS = 256
"""Steps over which padding is measured."""


def padding_share(order: RowOrder, lengths: Rows) -> float:
    """Share of the positions of a batch that hold no token, over the first steps; `lengths` [rows] in tokens."""
    tokens = positions = 0
    for step in range(1, min(MEASURED_STEPS, -(-order.rows // order.rows_per_step)) + 1):
        taken = lengths[order.rows_of_step(step)[0]]
        tokens += int(taken.sum())
        positions += -(-int(taken.max()) // PADDED_TO) * PADDED_TO * len(taken)
    return 1 - tokens / positions


class Batches:
    """The training batches of one split."""

    def __init__(self, split: TokenSplit, max_length: int, rows_per_step: int, seed: int) -> None:
        """Raises ValueError where the split is too short for one row."""
        self.order = BatchOrder(len(split), max_length, rows_per_step, seed)
        self._split = split

    def batch(self, step: int) -> Rows:
        """Token ids of a step [rows_per_step, max_length + 1].

        Inputs are all columns but the last, targets all but the first.
        """
        rows, offsets = self.order.rows_of_step(step)
        return self._split.windows(rows * self.order.max_length + offsets, self.order.max_length + 1)

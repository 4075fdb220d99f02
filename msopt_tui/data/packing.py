"""Packing: short examples share rows, so that little of a row is padding.

Best-fit decreasing: the longest example first, each into the fullest row that still has room for it (Johnson et al.
1974, doi:10.1137/0203025: never more than 11/9 of the fewest rows possible, plus a few). Rows with the same room left
are filled together, so that the work grows with the different lengths there are more than with the examples.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


def pack(lengths: npt.ArrayLike, max_length: int) -> tuple[Indices, Indices]:
    """Which examples share a row of `max_length` tokens.

    Gives the examples row by row [examples] and where each row begins in that [rows + 1]; inside a row examples are in
    their order, and rows are in the order of their first examples. The same lengths give the same rows. Raises
    ValueError for a length below 1 or above `max_length`.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    if sizes.size == 0:
        return np.zeros(0, np.int64), np.zeros(1, np.int64)
    if sizes.min() < 1 or sizes.max() > max_length:
        raise ValueError(f"lengths {sizes.min()} to {sizes.max()}: each must be 1 to {max_length}")
    rows = _rows(sizes, max_length)
    by_row = np.argsort(rows, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(rows))])
    return _in_order(by_row, bounds)


def _rows(sizes: Indices, max_length: int) -> Indices:
    """The row of every example [examples], numbered as rows were opened."""
    rows = np.empty(len(sizes), np.int64)
    order = np.argsort(-sizes, kind="stable")
    starts = np.flatnonzero(np.diff(sizes[order], prepend=max_length + 1))
    shelf = _Shelf()
    opened = 0
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        size = int(sizes[order[start]])
        left = order[start:stop]
        while len(left) and (room := shelf.least(size)):
            left = left[_fill(rows, left, shelf.take(room), room, size, shelf) :]
        if len(left):
            count = -(-len(left) // (max_length // size))
            _fill(rows, left, np.arange(opened, opened + count), max_length, size, shelf)
            opened += count
    return rows


class _Shelf:
    """Open rows by the room that they have left."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Indices]] = {}
        self._rooms: list[int] = []
        """Keys of `_rows`, sorted."""

    def put(self, room: int, rows: Indices) -> None:
        """Rows with `room` tokens left; full ones are done with."""
        if room == 0 or len(rows) == 0:
            return
        if room not in self._rows:
            insort(self._rooms, room)
        self._rows.setdefault(room, []).append(rows)

    def least(self, size: int) -> int:
        """The least room that takes `size` tokens; 0 where no open row has it."""
        place = bisect_left(self._rooms, size)
        return self._rooms[place] if place < len(self._rooms) else 0

    def take(self, room: int) -> Indices:
        """All rows with exactly so much room, taken off the shelf."""
        self._rooms.remove(room)
        return np.concatenate(self._rows.pop(room))


def _fill(rows: Indices, left: Indices, open_rows: Indices, room: int, size: int, shelf: _Shelf) -> int:
    """Put examples of one size into rows with the same room, one row after the other; says how many found a place.

    A row is filled as far as it goes before the next, because with an example more it is the fullest of them.
    """
    each = room // size
    placed = min(len(left), each * len(open_rows))
    full, rest = divmod(placed, each)
    rows[left[:placed]] = np.repeat(open_rows[: full + 1], each)[:placed]
    shelf.put(room - each * size, open_rows[:full])
    if rest:
        shelf.put(room - rest * size, open_rows[full : full + 1])
    shelf.put(room, open_rows[full + (rest > 0) :])
    return placed


def _in_order(by_row: Indices, bounds: Indices) -> tuple[Indices, Indices]:
    """The same rows, in the order of their first examples."""
    order = np.argsort(by_row[bounds[:-1]])
    sizes = np.diff(bounds)[order]
    new_bounds = np.concatenate([[0], np.cumsum(sizes)])
    shift = np.repeat(bounds[:-1][order] - new_bounds[:-1], sizes)
    return by_row[np.arange(len(by_row)) + shift], new_bounds

"""Training batches of examples: the rows that a step takes, padded to the longest of them and put on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from msopt_tui.data.examples import ExampleSplit
from msopt_tui.data.order import PADDED_TO, LengthOrder, RowOrder, Stretch
from msopt_tui.ml.batch import Batch

Arrays = dict[str, npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Collated:
    """Rows as arrays, before they are on a device."""

    arrays: Arrays
    """By name, each [rows, …]."""
    targets: int
    tokens: int


Collate = Callable[[Sequence[Sequence[int]]], Collated]
"""Training rows, each as the examples it holds, to arrays."""


def pad(rows: Sequence[npt.ArrayLike], value: int) -> npt.NDArray[np.int64]:
    """Rows of different lengths [rows, longest, rounded up to PADDED_TO], filled up with `value` behind."""
    arrays = [np.asarray(row) for row in rows]
    longest = max((len(array) for array in arrays), default=0)
    filled = np.full((len(arrays), max(1, -(-longest // PADDED_TO)) * PADDED_TO), value, np.int64)
    for place, array in enumerate(arrays):
        filled[place, : len(array)] = array
    return filled


def mask_of(rows: Sequence[npt.ArrayLike]) -> npt.NDArray[np.int64]:
    """1 where `pad` has a token, 0 where it has filled up."""
    return pad([np.ones(len(np.asarray(row)), np.int64) for row in rows], 0)


def on_device(collated: Collated, device: torch.device) -> Batch:
    """The arrays as tensors on the device; the host does not wait for the copy."""
    tensors = {}
    for name, array in collated.arrays.items():
        tensor = torch.from_numpy(array)
        tensors[name] = (
            tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
        )
    return Batch(tensors, collated.targets, collated.tokens)


class ExampleBatches:
    """The batches of a training split: a pure function of (seed, step)."""

    def __init__(
        self,
        split: ExampleSplit,
        collate: Collate,
        rows_per_step: int,
        seed: int,
        device: torch.device,
        *,
        group_by_length: bool,
    ) -> None:
        """With `group_by_length` the rows of a step are of like length, so that little of a batch is padding."""
        self._split, self._collate, self._device = split, collate, device
        self.rows = split.rows
        lengths = split.row_lengths
        self._order: RowOrder = (
            LengthOrder(lengths, rows_per_step, seed) if group_by_length else RowOrder(self.rows, rows_per_step, seed)
        )
        self.tokens_per_step = round(float(lengths.mean()) * rows_per_step)

    def begin(self, stretch: Stretch) -> None:
        """Count rows from where steps of another size left off."""
        self._order.begin(stretch)

    def batch(self, step: int) -> Batch:
        """The rows of a step, counted from 1."""
        rows, _ = self._order.rows_of_step(step)
        return on_device(self._collate([self._split.members(int(row)) for row in rows]), self._device)

"""Rows cut from running text, on the device, step by step: batch k is a pure function of (seed, k)."""

from __future__ import annotations

import numpy as np
import torch

from msopt_tui.data.order import Batches, Stretch
from msopt_tui.data.tokens import TokenSplit
from msopt_tui.ml.batch import Batch

PREFETCH_BYTES = 1 << 20
PREFETCH_STEPS = 32

ROWS = "rows"
"""The one tensor of a batch: token ids, int64 [rows, max_length + 1]."""


class StreamBatches:
    """Gathers a stretch of steps at once, so that a small model does not wait for numpy at every step."""

    def __init__(self, split: TokenSplit, max_length: int, rows_per_step: int, seed: int, device: torch.device) -> None:
        """Raises ValueError where the split is too short for one row."""
        self._batches = Batches(split, max_length, rows_per_step, seed)
        self._device = device
        self._first = 0
        self._ready: tuple[torch.Tensor, ...] = ()
        row_bytes = 8 * (max_length + 1) * rows_per_step
        self._stretch = max(1, min(PREFETCH_STEPS, PREFETCH_BYTES // row_bytes))
        self.rows = self._batches.order.rows
        self.tokens_per_step = rows_per_step * max_length

    def begin(self, stretch: Stretch) -> None:
        """Count rows from where steps of another size left off."""
        self._batches.order.begin(stretch)
        self._ready = ()

    def batch(self, step: int) -> Batch:
        """The rows of a step, counted from 1; every token but a row's first is a target."""
        index = step - self._first
        if not 0 <= index < len(self._ready):
            self._fetch(step)
            index = 0
        return Batch({ROWS: self._ready[index]}, self.tokens_per_step, self.tokens_per_step)

    def _fetch(self, step: int) -> None:
        gathered = np.stack([self._batches.batch(at) for at in range(step, step + self._stretch)])
        rows = torch.from_numpy(gathered)
        if self._device.type == "cuda":
            rows = rows.pin_memory().to(self._device, non_blocking=True)
        self._ready = rows.to(self._device).unbind(0)
        self._first = step

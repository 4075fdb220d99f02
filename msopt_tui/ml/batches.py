"""Rows of token ids on the device, step by step: batch k is a pure function of (seed, k)."""

from __future__ import annotations

import numpy as np
import torch

from msopt_tui.data.order import Batches

PREFETCH_BYTES = 1 << 20
PREFETCH_STEPS = 32


class BatchSource:
    """Gathers a stretch of steps at once, so that a small model does not wait for numpy at every step."""

    def __init__(self, batches: Batches, device: torch.device) -> None:
        self._batches = batches
        self._device = device
        self._first = 0
        self._ready: tuple[torch.Tensor, ...] = ()
        order = batches.order
        row_bytes = 8 * (order.max_length + 1) * order.rows_per_step
        self._stretch = max(1, min(PREFETCH_STEPS, PREFETCH_BYTES // row_bytes))
        self.tokens_per_step = order.rows_per_step * order.max_length

    def rows(self, step: int) -> torch.Tensor:
        """The rows of a step, counted from 1: int64 [rows, max_length + 1] on the device."""
        index = step - self._first
        if not 0 <= index < len(self._ready):
            self._fetch(step)
            index = 0
        return self._ready[index]

    def _fetch(self, step: int) -> None:
        gathered = np.stack([self._batches.batch(at) for at in range(step, step + self._stretch)])
        rows = torch.from_numpy(gathered)
        if self._device.type == "cuda":
            rows = rows.pin_memory().to(self._device, non_blocking=True)
        self._ready = rows.to(self._device).unbind(0)
        self._first = step

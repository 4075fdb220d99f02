"""Next-token prediction: the loss that training descends, and what an evaluation measures."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml.forward import Logits, logits_of
from msopt_tui.ml.modes import evaluating

Ids = npt.NDArray[np.uint16] | npt.NDArray[np.uint32] | npt.NDArray[np.int64]
Check = Callable[[int, int], None]
"""Called between batches with rows done and rows in all; whatever it raises ends the evaluation."""

_MAX_EXPONENT = math.log(np.finfo(np.float64).max)


def loss(
    forward: Logits, rows: torch.Tensor, label_smoothing: float = 0.0, autocast: torch.dtype | None = None
) -> torch.Tensor:
    """Mean cross-entropy of predicting each token of `rows` [n, length + 1] (int64) from those before it.

    Logits in `autocast` if that is given, the cross-entropy in float32 (nats a token). Every row counts alike.
    """
    if autocast is None:
        logits = forward(rows[:, :-1])
    else:
        with torch.autocast(rows.device.type, dtype=autocast):
            logits = forward(rows[:, :-1])
    targets = rows[:, 1:].reshape(-1)
    return functional.cross_entropy(logits.flatten(0, 1).float(), targets, label_smoothing=label_smoothing)


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What was measured on one split."""

    metrics: dict[str, float | None]
    """`loss` (nats a token), `perplexity`, `bits_per_byte`, `accuracy` (per cent); `None`: not finite, or no token."""
    per_row_losses: list[float]
    """Mean loss of every row (nats a token), in the split's order; the last row may hold fewer tokens."""
    tokens: int
    """Tokens predicted: all of the split but its first."""
    seconds: float


def evaluate(
    model: PreTrainedModel,
    *,
    ids: Ids,
    max_length: int,
    batch_size: int,
    text_bytes: int,
    autocast: torch.dtype | None,
    device: torch.device,
    check: Check,
) -> EvaluationResult:
    """Predict every token of a split but the first once, in rows of `max_length` inputs that follow one another.

    `ids` [tokens] is the split, `text_bytes` the UTF-8 bytes of its text that all tokens but the first stand for: of
    the text itself, whatever the tokenizer made of it, so that models with other tokenizers compare.
    Cross-entropy in float32, summed over tokens in float64: the mean is over tokens, never over batches. The last,
    shorter row is padded and its padding left out. Leaves the model in the mode it was in.
    """
    began = time.perf_counter()
    totals = _Totals(max_length)
    forward = logits_of(model)
    rows = -(-max(0, len(ids) - 1) // max_length)
    with evaluating(model), torch.inference_mode():
        for done, chunk in _batches(ids, max_length, batch_size):
            check(done, rows)
            batch = torch.from_numpy(chunk).to(device)
            totals.add(chunk, _measure(forward, batch, autocast))
        totals.land()
    check(rows, rows)
    return EvaluationResult(totals.metrics(text_bytes), totals.row_losses(), totals.tokens, time.perf_counter() - began)


_PADDING = -1


def _batches(ids: Ids, max_length: int, batch_size: int) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Rows done before, and the next rows [up to batch_size, max_length + 1]; the end is filled up with -1."""
    targets = len(ids) - 1
    for first in range(0, targets, batch_size * max_length):
        part = np.asarray(ids[first : first + batch_size * max_length + 1], dtype=np.int64)
        rows = -(-(len(part) - 1) // max_length)
        padded = np.full(rows * max_length + 1, _PADDING)
        padded[: len(part)] = part
        windows = np.lib.stride_tricks.sliding_window_view(padded, max_length + 1)[::max_length]
        yield first // max_length, windows.copy()


def _measure(forward: Logits, batch: torch.Tensor, autocast: torch.dtype | None) -> torch.Tensor:
    """Summed loss and correct predictions of every row: [rows, 2], float64 (float32 where the device has no other)."""
    inputs = batch[:, :-1].clamp_min(0)
    targets = batch[:, 1:]
    with torch.autocast(batch.device.type, dtype=autocast, enabled=autocast is not None):
        logits = forward(inputs)
    losses = functional.cross_entropy(
        logits.flatten(0, 1).float(), targets.reshape(-1), ignore_index=_PADDING, reduction="none"
    )
    correct = (logits.argmax(-1) == targets).sum(-1)
    wide = torch.float32 if batch.device.type == "mps" else torch.float64
    return torch.stack((losses.view_as(targets).sum(-1, dtype=wide), correct.to(wide)), dim=-1)


class _Totals:
    """Sums over the rows seen so far. A batch is read from the device after the next one has been queued."""

    def __init__(self, max_length: int) -> None:
        self._max_length = max_length
        self._flying: torch.Tensor | None = None
        self._rows: list[tuple[float, float]] = []
        self.tokens = 0

    def add(self, chunk: npt.NDArray[np.int64], measured: torch.Tensor) -> None:
        self.tokens += int(np.count_nonzero(chunk[:, 1:] != _PADDING))
        self.land()
        self._flying = measured

    def land(self) -> None:
        if self._flying is not None:
            self._rows += (tuple(row) for row in self._flying.tolist())
            self._flying = None

    def row_losses(self) -> list[float]:
        full = self._max_length
        return [summed / min(full, self.tokens - full * row) for row, (summed, _) in enumerate(self._rows)]

    def metrics(self, text_bytes: int) -> dict[str, float | None]:
        nats = math.fsum(summed for summed, _ in self._rows) if self.tokens else math.nan
        mean = nats / self.tokens if self.tokens else math.nan
        correct = sum(count for _, count in self._rows)
        return {
            "loss": mean if math.isfinite(mean) else None,
            "perplexity": math.exp(mean) if mean <= _MAX_EXPONENT else None,
            "bits_per_byte": nats / math.log(2) / text_bytes if text_bytes and math.isfinite(nats) else None,
            "accuracy": 100.0 * correct / self.tokens if self.tokens else None,
        }

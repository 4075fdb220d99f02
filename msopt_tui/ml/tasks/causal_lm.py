"""Next-token prediction: the loss that training descends, and what an evaluation measures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.schema import Config
from msopt_tui.data.pretrained import bytes_of_token
from msopt_tui.data.split import SplitName
from msopt_tui.ml import sampling
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.ml.by_source import StreamBySource
from msopt_tui.ml.forward import Logits, logits_of
from msopt_tui.ml.metrics.likelihood import likelihood
from msopt_tui.ml.modes import evaluating
from msopt_tui.ml.stream import ROWS, StreamBatches
from msopt_tui.ml.tasks.base import Check, EvaluationResult, Grown, Predictions, Subject
from msopt_tui.protocol.values import Sample

Ids = npt.NDArray[np.uint16] | npt.NDArray[np.uint32] | npt.NDArray[np.int64]


def summed_loss(
    forward: Logits, rows: torch.Tensor, label_smoothing: float = 0.0, autocast: torch.dtype | None = None
) -> torch.Tensor:
    """Summed cross-entropy of predicting each token of `rows` [n, length + 1] (int64) from those before it.

    Logits in `autocast` if that is given, the cross-entropy in float32 (nats).
    """
    if autocast is None:
        logits = forward(rows[:, :-1])
    else:
        with torch.autocast(rows.device.type, dtype=autocast):
            logits = forward(rows[:, :-1])
    return functional.cross_entropy(
        logits.flatten(0, 1).float(), rows[:, 1:].reshape(-1), label_smoothing=label_smoothing, reduction="sum"
    )


class CausalLanguageModelling:
    """Running text, token by token."""

    def __init__(self, subject: Subject, *, compiled: bool) -> None:
        self._subject = subject
        self._forward = logits_of(subject.model, compiled=compiled)

    def batches(self, config: Config) -> Batches:
        """Windows of the training text."""
        train = config.train
        return StreamBatches(
            self._subject.prepared.store["train"],
            config.data.max_length,
            train.per_device_train_batch_size * train.gradient_accumulation_steps,
            train.seed,
            self._subject.device,
        )

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Nats, summed."""
        return summed_loss(self._forward, batch[ROWS], label_smoothing, self._subject.autocast)

    def measure(self, config: Config, split: SplitName, check: Check) -> EvaluationResult:
        """Every token of the split but its first, predicted once."""
        subject = self._subject
        return evaluate(
            subject.model,
            ids=subject.prepared.store[split].ids,
            max_length=config.data.max_length,
            batch_size=config.evaluate.per_device_eval_batch_size,
            text_bytes=measured_bytes(subject, split),
            autocast=subject.autocast,
            device=subject.device,
            check=check,
            sources=StreamBySource(subject.prepared.meta.splits[split]),
        )

    def measure_text(self, config: Config, text: str, check: Check) -> EvaluationResult:
        """The same for any text; raises ValueError where it is less than two tokens."""
        subject = self._subject
        ids = np.asarray(subject.tokenizer.encode(text, add_special_tokens=False).ids, dtype=np.int64)
        if len(ids) < 2:
            raise ValueError("a text of less than two tokens leaves nothing to predict")
        return evaluate(
            subject.model,
            ids=ids,
            max_length=config.data.max_length,
            batch_size=config.evaluate.per_device_eval_batch_size,
            text_bytes=len(text.encode()) - bytes_of_token(subject.tokenizer, int(ids[0])),
            autocast=subject.autocast,
            device=subject.device,
            check=check,
        )

    def predict(self, config: Config, split: SplitName, check: Check) -> Predictions:
        """The project's prompts continued."""
        return Predictions(samples=continuations(self._subject, config, config.evaluate.prompts, check))

    def answer(self, config: Config, prompt: str, check: Check, grown: Grown) -> Sample:
        """The prompt continued."""
        (sample,) = continuations(self._subject, config, [prompt], check, grown)
        return sample


def measured_bytes(subject: Subject, split: SplitName) -> int:
    """UTF-8 bytes of a split's text, those of its first token left out: nothing comes before it to predict it."""
    ids = subject.prepared.store[split].ids
    first = bytes_of_token(subject.tokenizer, int(ids[0])) if len(ids) else 0
    return subject.prepared.bytes[split] - first


def continuations(
    subject: Subject, config: Config, prompts: Sequence[str], check: Check, grown: Grown | None = None
) -> list[Sample]:
    """What the model writes after each prompt."""
    settings = config.evaluate
    texts = sampling.continue_texts(
        subject.model,
        subject.tokenizer,
        prompts,
        max_new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        top_k=settings.top_k,
        seed=config.train.seed,
        device=subject.device,
        check=lambda: check(0, 0),
        grown=grown,
    )
    return [Sample(prompt=prompt, text=text) for prompt, text in zip(prompts, texts, strict=True)]


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
    sources: StreamBySource | None = None,
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
            losses, measured = _measure(forward, batch, autocast)
            totals.add(chunk, measured)
            if sources is not None:
                sources.add(done * max_length + 1, losses, batch[:, 1:].flatten() != _PADDING)
        totals.land()
    check(rows, rows)
    metrics, took = totals.metrics(text_bytes), time.perf_counter() - began
    by_source = sources.means() if sources is not None else []
    return EvaluationResult(metrics, totals.row_losses(), totals.tokens, took, by_source=by_source)


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


def _measure(forward: Logits, batch: torch.Tensor, autocast: torch.dtype | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of every target [rows · length]; and summed loss and correct predictions of every row: [rows, 2], float64
    (float32 where the device has no other)."""
    inputs = batch[:, :-1].clamp_min(0)
    targets = batch[:, 1:]
    with torch.autocast(batch.device.type, dtype=autocast, enabled=autocast is not None):
        logits = forward(inputs)
    losses = functional.cross_entropy(
        logits.flatten(0, 1).float(), targets.reshape(-1), ignore_index=_PADDING, reduction="none"
    )
    correct = (logits.argmax(-1) == targets).sum(-1)
    wide = torch.float32 if batch.device.type == "mps" else torch.float64
    return losses, torch.stack((losses.view_as(targets).sum(-1, dtype=wide), correct.to(wide)), dim=-1)


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
        correct = sum(count for _, count in self._rows)
        return likelihood(
            (summed for summed, _ in self._rows), tokens=self.tokens, correct=correct, text_bytes=text_bytes
        )

"""What every task can do: give batches, a loss, figures and samples of a split. The steps know no more of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from tokenizers import Tokenizer
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.schema import Config
from msopt_tui.data.prepare import PreparedData
from msopt_tui.data.split import SplitName
from msopt_tui.data.vocabulary import Vocabulary
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.protocol.values import Confusion, Sample

Check = Callable[[int, int], None]
"""Called between batches with rows done and rows in all; whatever it raises ends the evaluation."""


Grown = Callable[[Callable[[], str]], None]
"""Called after every token of an answer with what makes its text so far, which costs something."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is trained and measured, and on what."""

    model: PreTrainedModel
    vocabulary: Vocabulary
    prepared: PreparedData
    device: torch.device
    autocast: torch.dtype | None
    """Of the matrix products; `None` for the weights' own float32."""

    @property
    def tokenizer(self) -> Tokenizer:
        """What text is tokenised with."""
        return self.vocabulary.tokenizer


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What was measured on one split."""

    metrics: dict[str, float | None]
    """By the names in `msopt_tui.protocol.metrics`; `None`: not finite, or nothing to measure."""
    per_row_losses: list[float]
    """Mean loss of every row, in the split's order: what a race between settings is paired over."""
    tokens: int
    """Targets that the loss is a mean of."""
    seconds: float
    samples: list[Sample] = field(default_factory=list)
    confusion: Confusion | None = None
    signatures: dict[str, str] = field(default_factory=dict)
    """Metric to what it was computed with, where that has a name."""
    by_source: list[float | None] = field(default_factory=list)
    """Loss over the targets of each source, in their order; empty where there is only one."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the network writes, and how good that is."""

    metrics: dict[str, float | None] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    signatures: dict[str, str] = field(default_factory=dict)


class Task(Protocol):
    """One task on one network; lives on the worker thread."""

    def batches(self, config: Config) -> Batches:
        """The training batches, a pure function of (seed, step)."""

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Summed loss of a batch over its targets: float32 scalar on the device, differentiable."""

    def measure(self, config: Config, split: SplitName, check: Check) -> EvaluationResult:
        """Loss and what follows from the same forward passes, over the whole split; leaves the model's mode alone.

        Cross-entropy in float32, summed over targets in float64, divided once: never a mean of means.
        """

    def predict(self, config: Config, split: SplitName, check: Check) -> Predictions:
        """What takes writing: texts for the project's prompts, or for rows of the split with their metrics."""

    def answer(self, config: Config, prompt: str, check: Check, grown: Grown) -> Sample:
        """What the network makes of a typed prompt; raises ValueError where the task takes none.

        Leaves the model's mode and the random numbers alone.
        """

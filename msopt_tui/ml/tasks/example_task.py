"""What all tasks that learn from rows share: their batches, and one measured loss for every example of a split."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from msopt_tui.config.schema import Config
from msopt_tui.data.examples import ExampleSplit
from msopt_tui.data.split import SplitName
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.by_source import of_examples
from msopt_tui.ml.example_batches import Collate, ExampleBatches, on_device
from msopt_tui.ml.modes import evaluating
from msopt_tui.ml.tasks.base import Check, Subject

IGNORED = -100
"""A target that is none, as `cross_entropy` and Hugging Face's models understand it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What one batch of an evaluation gave, on the device."""

    losses: torch.Tensor
    """Summed loss of every example [examples], float64 (float32 where the device has no other)."""
    facts: tuple[torch.Tensor, ...] = ()
    """Whatever else the task wants of it, each [examples, …]."""


@dataclass(frozen=True, slots=True)
class Measured:
    """An evaluation's figures for every example, in the split's order."""

    losses: list[float]
    """Summed loss (nats)."""
    targets: list[int]
    """What it is a sum over."""
    facts: list[torch.Tensor]
    """On the CPU, each [examples, …]."""
    seconds: float
    by_source: list[float | None]
    """Mean loss of each source; empty where there is only one."""

    @property
    def loss(self) -> float | None:
        """Mean over all targets of the split; `None` where it is not finite, or there is none."""
        total = sum(self.targets)
        mean = math.fsum(self.losses) / total if total else math.nan
        return mean if math.isfinite(mean) else None

    @property
    def per_row(self) -> list[float]:
        """Mean over the targets of each example."""
        return [loss / max(count, 1) for loss, count in zip(self.losses, self.targets, strict=True)]


def batches(subject: Subject, config: Config, collate: Collate) -> ExampleBatches:
    """The training batches of examples."""
    train = config.train
    return ExampleBatches(
        subject.prepared.examples["train"],
        collate,
        train.per_device_train_batch_size * train.gradient_accumulation_steps,
        train.seed,
        subject.device,
        group_by_length=train.group_by_length,
    )


def measure(
    subject: Subject,
    config: Config,
    split: SplitName,
    collate: Collate,
    forward: Callable[[Batch], Rows],
    check: Check,
) -> Measured:
    """Every example of a split once, those of like length together; leaves the model in the mode it was in."""
    began = time.perf_counter()
    examples = subject.prepared.examples[split]
    order = examples.lengths.argsort(kind="stable").tolist()
    size = config.evaluate.per_device_eval_batch_size
    losses: list[float] = []
    facts: list[tuple[torch.Tensor, ...]] = []
    with evaluating(subject.model), torch.inference_mode():
        for first in range(0, len(order), size):
            check(first, len(order))
            batch = on_device(collate([[number] for number in order[first : first + size]]), subject.device)
            rows = forward(batch)
            losses += rows.losses.tolist()
            facts.append(tuple(fact.cpu() for fact in rows.facts))
    check(len(order), len(order))
    back = torch.tensor(order).argsort()
    in_order = torch.tensor(losses, dtype=torch.float64)[back].tolist() if losses else []
    targets = examples.supervised.tolist()
    columns = list(zip(*facts, strict=True))
    return Measured(
        losses=in_order,
        targets=targets,
        facts=[torch.cat(column)[back] for column in columns],
        seconds=time.perf_counter() - began,
        by_source=of_examples(examples.meta, in_order, targets),
    )


def wide(device: torch.device) -> torch.dtype:
    """The type that losses are summed in."""
    return torch.float32 if device.type == "mps" else torch.float64


def chosen(examples: ExampleSplit, count: int) -> Sequence[int]:
    """Numbers of `count` records, always the same, evenly over the split; 0 takes all."""
    total = examples.records
    if not 0 < count < total:
        return range(total)
    return [place * total // count for place in range(count)]

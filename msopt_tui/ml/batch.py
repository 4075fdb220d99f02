"""`Batch`: the rows of one optimiser step on the device, whatever the task, and what their loss is averaged over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch

from msopt_tui.data.order import Stretch


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are learned from together. The loss of a step is its summed loss divided by `targets`."""

    tensors: Mapping[str, torch.Tensor]
    """By name, each [rows, …], on the device."""
    targets: int
    """What the loss is averaged over: tokens to predict, or rows where each has one class."""
    tokens: int
    """Tokens that the network reads, padding left out."""

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.tensors[name]

    def get(self, name: str) -> torch.Tensor | None:
        """A tensor that not every batch has."""
        return self.tensors.get(name)

    def parts(self, count: int) -> Iterator[Batch]:
        """The rows in up to `count` equal parts. `targets` stays the whole's, so that summed losses add up to one step.

        Rows hold different numbers of targets; a mean over parts would weigh those of short rows more.
        """
        if count == 1:
            yield self
            return
        chunks = {name: tensor.chunk(count) for name, tensor in self.tensors.items()}
        for place in range(len(next(iter(chunks.values())))):
            tensors = {name: pieces[place] for name, pieces in chunks.items()}
            yield Batch(tensors, self.targets, self.tokens)


class Batches(Protocol):
    """Where the rows of a step come from."""

    rows: int
    """Training rows there are: an epoch."""
    tokens_per_step: int
    """Tokens of a step; where steps differ, what they have on average."""

    def begin(self, stretch: Stretch) -> None:
        """Count rows from where steps of another size left off."""

    def batch(self, step: int) -> Batch:
        """The rows of a step, counted from 1: a pure function of (seed, stretch, step)."""

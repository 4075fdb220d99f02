"""Answers of a causal network: prompt and answer in one row, the loss on the answer alone, several examples a row."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from msopt_tui.data.encode.base import Generative
from msopt_tui.data.errors import DataError
from msopt_tui.data.examples import ExampleSplit, Numbers
from msopt_tui.data.records.record import Record
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.example_batches import Collated, pad
from msopt_tui.ml.tasks.base import Grown, Subject
from msopt_tui.ml.tasks.example_task import IGNORED, Rows, wide
from msopt_tui.ml.tasks.form import generate, logits_in

IDS, TARGETS, POSITIONS = "input_ids", "targets", "position_ids"


class CausalForm:
    """`input_ids` and `supervised` of an example; a token is a target where it is supervised."""

    def __init__(self, subject: Subject, encoder: Generative) -> None:
        """Raises DataError where examples share rows and the network can't keep them apart."""
        self._subject = subject
        self._encoder = encoder
        packed = subject.prepared.examples["train"].bins is not None
        if packed and POSITIONS not in inspect.signature(subject.model.forward).parameters:
            raise DataError(
                f"data.packing: a {type(subject.model).__name__} takes no positions, so examples in one row would see "
                "each other: set data.packing = false"
            )

    def collator(self, split: ExampleSplit) -> Callable[[Sequence[Sequence[int]]], Collated]:
        """Gathers rows of a split."""
        ids, learnt = split.columns[IDS], split.columns["supervised"]
        return lambda rows: collate([[(ids[number], learnt[number]) for number in members] for members in rows])

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Summed over the supervised tokens."""
        logits = self._logits(batch)
        return functional.cross_entropy(
            logits.flatten(0, 1).float(),
            batch[TARGETS].flatten(),
            ignore_index=IGNORED,
            label_smoothing=label_smoothing,
            reduction="sum",
        )

    def rows(self, batch: Batch) -> Rows:
        """Every row is one example here."""
        logits, targets = self._logits(batch), batch[TARGETS]
        losses = functional.cross_entropy(
            logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="none"
        )
        correct = ((logits.argmax(-1) == targets) & (targets != IGNORED)).sum(-1)
        return Rows(losses.view_as(targets).sum(-1, dtype=wide(self._subject.device)), (correct,))

    def _logits(self, batch: Batch) -> torch.Tensor:
        # Causal attention never looks at what is filled up behind a row. Examples that share one are told apart by
        # their positions, which begin anew with each.
        model, positions = self._subject.model, batch.get(POSITIONS)
        extra = {} if positions is None else {POSITIONS: positions}

        def run() -> torch.Tensor:
            logits: torch.Tensor = model(input_ids=batch[IDS], use_cache=False, **extra).logits
            return logits

        return logits_in(self._subject, run)

    def write(
        self,
        records: Sequence[Record],
        max_new_tokens: int,
        num_beams: int,
        check: Callable[[], None],
        grown: Grown | None = None,
    ) -> list[str]:
        """Prompts end together; what is filled up stands before the shorter ones."""
        limit = getattr(self._subject.model.config, "max_position_embeddings", None) or sys.maxsize
        new = min(max_new_tokens, max(1, limit // 2))
        prompts = [self._encoder.prompt_ids(record)[-(limit - new) :] for record in records]
        longest = max(map(len, prompts))
        ids = np.zeros((len(prompts), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = prompt
            mask[row, longest - len(prompt) :] = 1
        device = self._subject.device
        tensors = (torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device))
        written = generate(
            self._subject,
            *tensors,
            stops=self._encoder.stops,
            max_new_tokens=new,
            num_beams=num_beams,
            check=check,
            written=None if grown is None else lambda row: grown(lambda: self._spelled(row[longest:].tolist())),
        )
        return [self._spelled(row) for row in written[:, longest:].tolist()]

    def _spelled(self, ids: list[int]) -> str:
        return self._subject.tokenizer.decode(ids, skip_special_tokens=True).strip()


Learnt = tuple[Numbers, Numbers]
"""An example's tokens, and 1 where one is a target [tokens]."""


def collate(rows: Sequence[Sequence[Learnt]]) -> Collated:
    """Rows of one or several examples.

    `input_ids` and `targets` [rows, length], the target of a place being the token after it, and `position_ids` where
    examples share a row. The last token of an example is only a target.
    """
    tokens = [np.concatenate([ids[:-1] for ids, _ in row]).astype(np.int64) for row in rows]
    targets = [
        np.concatenate([np.where(learnt[1:], ids[1:].astype(np.int64), IGNORED) for ids, learnt in row]) for row in rows
    ]
    arrays = {IDS: pad(tokens, 0), TARGETS: pad(targets, IGNORED)}
    if any(len(row) > 1 for row in rows):
        arrays[POSITIONS] = _positions([[len(ids) - 1 for ids, _ in row] for row in rows], arrays[IDS].shape[1])
    return Collated(arrays, int((arrays[TARGETS] != IGNORED).sum()), sum(map(len, tokens)))


def _positions(rows: Sequence[Sequence[int]], width: int) -> npt.NDArray[np.int64]:
    """Positions [rows, width] that begin anew with each example; those behind the end count on with the last one."""
    filled = np.empty((len(rows), width), np.int64)
    for place, lengths in enumerate(rows):
        *before, _ = lengths
        rest = width - sum(before)
        filled[place] = np.concatenate([np.arange(length) for length in (*before, rest)])
    return filled

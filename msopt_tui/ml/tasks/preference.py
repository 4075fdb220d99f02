"""Preference tuning by DPO (Rafailov et al. 2023, arXiv:2305.18290): chosen answers become likelier than rejected ones.

With log-ratios r = log π(answer) − log π_ref(answer), summed over the answer's tokens, the loss of a pair is
−log σ(β (r_chosen − r_rejected)). The reference is the model as it was: the same network without its adapters.
`train.label_smoothing_factor` ε is the share of pairs taken for labelled the wrong way round (equation 3 of Mitchell's
"A note on DPO with noisy preferences", 2023): (1 − ε) of the loss as it is, ε of it with the pair swapped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from msopt_tui.config.schema import Config
from msopt_tui.data.examples import ExampleSplit
from msopt_tui.data.records.record import Preference
from msopt_tui.data.split import SplitName
from msopt_tui.ml import lora
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.ml.example_batches import Collate, Collated
from msopt_tui.ml.modes import evaluating
from msopt_tui.ml.tasks import example_task
from msopt_tui.ml.tasks.base import Check, EvaluationResult, Grown, Predictions, Subject
from msopt_tui.ml.tasks.causal_form import IDS, TARGETS, collate
from msopt_tui.ml.tasks.example_task import IGNORED, Rows, wide
from msopt_tui.ml.tasks.form import logits_in
from msopt_tui.protocol.values import Sample

SIDES = ("chosen", "rejected")
SHOWN = 6
SHOWN_CHARS = 2_000


class PreferenceTuning:
    """A causal network with adapters."""

    def __init__(self, subject: Subject, beta: float) -> None:
        self._subject = subject
        self._beta = beta

    def batches(self, config: Config) -> Batches:
        """Pairs of answers."""
        split = self._subject.prepared.examples["train"]
        return example_task.batches(self._subject, config, self._collator(split))

    def _collator(self, split: ExampleSplit) -> Collate:
        def gather(rows: Sequence[Sequence[int]]) -> Collated:
            numbers = [number for (number,) in rows]
            both = collate(
                [
                    [(split.columns[f"{side}_ids"][number], split.columns[f"{side}_supervised"][number])]
                    for side in SIDES
                    for number in numbers
                ]
            )
            arrays = {
                f"{side}_{name}": half
                for name, array in both.arrays.items()
                for side, half in zip(SIDES, np.split(array, 2), strict=True)
            }
            return Collated(arrays, len(numbers), both.tokens)

        return gather

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Nats, summed over pairs."""
        rewards = self._rewards(batch)
        lead = rewards[0] - rewards[1]
        return -(
            (1 - label_smoothing) * functional.logsigmoid(lead) + label_smoothing * functional.logsigmoid(-lead)
        ).sum()

    def _rewards(self, batch: Batch) -> torch.Tensor:
        """β times the log-ratios of chosen and rejected answers [2, pairs], float32."""
        model = self._subject.model
        with torch.no_grad(), lora.without_adapters(model), evaluating(model):
            reference = self._likelihoods(batch)
        return self._beta * (self._likelihoods(batch) - reference)

    def _likelihoods(self, batch: Batch) -> torch.Tensor:
        """Log-likelihoods of chosen and rejected answers, summed over their tokens [2, pairs], float32."""
        ids, targets = (torch.cat([batch[f"{side}_{what}"] for side in SIDES]) for what in (IDS, TARGETS))
        model = self._subject.model

        def run() -> torch.Tensor:
            logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits
            return logits

        logits = logits_in(self._subject, run)
        losses = functional.cross_entropy(
            logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="none"
        )
        return -losses.view_as(targets).sum(-1).view(2, -1)

    def _rows(self, batch: Batch) -> Rows:
        rewards = self._rewards(batch)
        lead = rewards[0] - rewards[1]
        return Rows(-functional.logsigmoid(lead).to(wide(self._subject.device)), (lead,))

    def measure(self, config: Config, split: SplitName, check: Check) -> EvaluationResult:
        """Loss, how often the chosen answer has the higher reward, and by how much."""
        examples = self._subject.prepared.examples[split]
        measured = example_task.measure(self._subject, config, split, self._collator(examples), self._rows, check)
        if not measured.facts:
            return EvaluationResult({"loss": None}, [], 0, measured.seconds)
        (lead,) = measured.facts
        return EvaluationResult(
            metrics={
                "loss": measured.loss,
                "reward_accuracy": 100.0 * float((lead > 0).double().mean()),
                "reward_margin": float(lead.double().mean()),
            },
            per_row_losses=measured.per_row,
            tokens=len(lead),
            seconds=measured.seconds,
            by_source=measured.by_source,
            samples=[self._sample(examples, number, float(lead[number])) for number in range(min(SHOWN, len(lead)))],
        )

    def _sample(self, examples: ExampleSplit, number: int, lead: float) -> Sample:
        record = examples.record(int(examples.record_of[number]), Preference)
        assert isinstance(record, Preference), "read as such"
        return Sample(
            prompt="\n".join(message.content for message in record.prompt)[:SHOWN_CHARS],
            text=record.rejected[:SHOWN_CHARS],
            reference=record.chosen[:SHOWN_CHARS],
            note=f"chosen {'before' if lead > 0 else 'behind'} rejected, margin {lead:+.3f}",
            correct=lead > 0,
        )

    def predict(self, config: Config, split: SplitName, check: Check) -> Predictions:
        """Nothing is written: both answers are given."""
        return Predictions()

    def answer(self, config: Config, prompt: str, check: Check, grown: Grown) -> Sample:
        """Refused."""
        raise ValueError(f"task {config.task.name}: it tells two answers apart and takes no typed prompt")

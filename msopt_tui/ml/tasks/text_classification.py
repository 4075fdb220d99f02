"""Text classification: a class a row, judged by accuracy, precision, recall and F1; wrong rows shown, surest first."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.schema import Config
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.examples import ExampleSplit
from msopt_tui.data.records.record import Labelled
from msopt_tui.data.split import SplitName
from msopt_tui.data.tally import Tally
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.ml.example_batches import Arrays, Collate, Collated, mask_of, pad
from msopt_tui.ml.metrics.classification import classification
from msopt_tui.ml.modes import evaluating
from msopt_tui.ml.tasks import example_task
from msopt_tui.ml.tasks.base import Check, EvaluationResult, Grown, Predictions, Subject
from msopt_tui.ml.tasks.example_task import Measured, Rows, wide
from msopt_tui.ml.tasks.form import logits_in
from msopt_tui.protocol.values import Confusion, Sample

IDS, MASK, TYPES, LABEL = "input_ids", "attention_mask", "token_type_ids", "label"
SHOWN = 8
"""Wrong rows that are shown."""
SHOWN_CHARS = 1_000
SHOWN_CLASSES = 40
"""A confusion matrix of more classes is not sent: nobody could read it."""


class TextClassification:
    """A network with one score a class."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def batches(self, config: Config) -> Batches:
        """Texts with their classes."""
        split = self._subject.prepared.examples["train"]
        return example_task.batches(self._subject, config, self._collator(split))

    def _collator(self, split: ExampleSplit) -> Collate:
        return lambda rows: self._collate(split, [number for (number,) in rows])

    def _collate(self, split: ExampleSplit, numbers: Sequence[int]) -> Collated:
        arrays = read_arrays(split, numbers, self._subject.model)
        arrays[LABEL] = np.array([split.columns[LABEL][number][0] for number in numbers], np.int64)
        return Collated(arrays, len(numbers), int(arrays[MASK].sum()))

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Cross-entropy of the class (nats), summed over rows."""
        logits = self._logits(batch)
        return functional.cross_entropy(logits.float(), batch[LABEL], label_smoothing=label_smoothing, reduction="sum")

    def _logits(self, batch: Batch) -> torch.Tensor:
        model = self._subject.model
        inputs = {name: batch[name] for name in (IDS, MASK, TYPES) if batch.get(name) is not None}

        def run() -> torch.Tensor:
            logits: torch.Tensor = model(**inputs).logits
            return logits

        return logits_in(self._subject, run)

    def _rows(self, batch: Batch) -> Rows:
        logits = self._logits(batch).float()
        losses = functional.cross_entropy(logits, batch[LABEL], reduction="none")
        return Rows(losses.to(wide(self._subject.device)), (torch.softmax(logits, -1), batch[LABEL]))

    def measure(self, config: Config, split: SplitName, check: Check) -> EvaluationResult:
        """Every row once; the most likely class is the prediction."""
        examples, labels = self._subject.prepared.examples[split], self._subject.prepared.labels
        measured = example_task.measure(self._subject, config, split, self._collator(examples), self._rows, check)
        if not measured.facts:
            return EvaluationResult({"loss": None}, [], 0, measured.seconds)
        chances, actual = measured.facts
        predicted = chances.argmax(-1)
        result = classification(predicted.numpy(), actual.numpy(), len(labels))
        confusion = Confusion(labels=labels, counts=result.confusion.tolist()) if len(labels) <= SHOWN_CLASSES else None
        return EvaluationResult(
            metrics={"loss": measured.loss, **result.metrics},
            per_row_losses=measured.per_row,
            tokens=len(actual),
            seconds=measured.seconds,
            by_source=measured.by_source,
            samples=self._wrong(examples, measured),
            confusion=confusion,
        )

    def _wrong(self, examples: ExampleSplit, measured: Measured) -> list[Sample]:
        """Rows with the wrong class, those first that the network is surest of."""
        chances, actual = measured.facts
        sure, predicted = chances.max(-1)
        wrong = torch.nonzero(predicted != actual).flatten()
        worst = wrong[sure[wrong].argsort(descending=True, stable=True)][:SHOWN].tolist()
        labels = self._subject.prepared.labels
        samples = []
        for number in worst:
            record = examples.record(int(examples.record_of[number]), Labelled)
            assert isinstance(record, Labelled), "read as such"
            pair = f"\n{record.text_pair}" if record.text_pair else ""
            samples.append(
                Sample(
                    prompt=(record.text + pair)[:SHOWN_CHARS],
                    text=labels[int(predicted[number])],
                    reference=record.label,
                    note=f"confidence {float(sure[number]):.2f}",
                    correct=False,
                )
            )
        return samples

    def predict(self, config: Config, split: SplitName, check: Check) -> Predictions:
        """The project's own texts with the class that the network gives them."""
        samples = []
        for prompt in config.evaluate.prompts:
            check(0, 0)
            samples.append(self._classified(config, prompt))
        return Predictions(samples=samples)

    def answer(self, config: Config, prompt: str, check: Check, grown: Grown) -> Sample:
        """The class of a text, all at once."""
        return self._classified(config, prompt)

    def _classified(self, config: Config, text: str) -> Sample:
        labels = self._subject.prepared.labels
        # In the frame that it learns from; which class stands there makes no difference to the tokens.
        encoder = encoder_of(config, self._subject.vocabulary, labels)
        [example] = encoder.encode(Labelled(text=text, label=labels[0]), Tally())
        ids = list(example.columns[IDS])
        with evaluating(self._subject.model), torch.inference_mode():
            tensor = torch.tensor([ids], device=self._subject.device)
            chances = torch.softmax(self._logits(Batch({IDS: tensor}, 1, len(ids))).float(), -1)[0]
        sure, best = chances.max(-1)
        return Sample(prompt=text, text=labels[int(best)], note=f"confidence {float(sure):.2f}")


def read_arrays(split: ExampleSplit, numbers: Sequence[int], model: PreTrainedModel) -> Arrays:
    """What a network reads of some examples: ids, mask, and segment numbers where it knows several."""
    texts = [split.columns[IDS][number] for number in numbers]
    arrays = {IDS: pad(texts, model.config.pad_token_id or 0), MASK: mask_of(texts)}
    # DistilBERT and ModernBERT know none, though their tokenizers count them.
    if TYPES in split.columns and TYPES in inspect.signature(model.forward).parameters:
        arrays[TYPES] = pad([split.columns[TYPES][number] for number in numbers], 0)
    return arrays

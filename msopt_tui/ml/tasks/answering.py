"""Tasks whose network writes an answer: instruction, summarisation, translation, generative question answering.

What differs between families is in their forms, what differs between tasks in their judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from msopt_tui.config.schema import Config
from msopt_tui.data.encode.base import Generative
from msopt_tui.data.records.record import Question, Record
from msopt_tui.data.split import SplitName
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.ml.metrics.likelihood import perplexity
from msopt_tui.ml.modes import evaluating
from msopt_tui.ml.tasks import example_task
from msopt_tui.ml.tasks.base import Check, EvaluationResult, Grown, Predictions, Subject
from msopt_tui.ml.tasks.form import Form
from msopt_tui.protocol.values import Sample

SHOWN = 6
"""Rows that are shown with their answers, always the same ones."""
SHOWN_CHARS = 2_000
"""Longest text of a sample in the journal (characters)."""


class Judge(Protocol):
    """How a task's answers are scored."""

    def score(self, answers: Sequence[str], references: Sequence[Sequence[str]]) -> Predictions:
        """Metrics and their signatures over all answers; each has every reference that counts as right."""

    def note(self, answer: str, references: Sequence[str]) -> tuple[str, bool | None]:
        """What is said of one answer, and whether it counts as right where that is a question."""


class Answering:
    """One task that writes, on one network."""

    def __init__(self, subject: Subject, encoder: Generative, form: Form, judge: Judge, kind: type[Record]) -> None:
        self._subject, self._encoder, self._form, self._judge, self._kind = subject, encoder, form, judge, kind

    def batches(self, config: Config) -> Batches:
        """Prompts with their answers."""
        train = self._subject.prepared.examples["train"]
        return example_task.batches(self._subject, config, self._form.collator(train))

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Nats, summed over the tokens of the answers."""
        return self._form.loss(batch, label_smoothing)

    def measure(self, config: Config, split: SplitName, check: Check) -> EvaluationResult:
        """Loss, perplexity and accuracy over the tokens of the answers."""
        collate = self._form.collator(self._subject.prepared.examples[split])
        measured = example_task.measure(self._subject, config, split, collate, self._form.rows, check)
        targets, loss = sum(measured.targets), measured.loss
        correct = int(measured.facts[0].sum()) if measured.facts else 0
        metrics = {
            "loss": loss,
            "perplexity": None if loss is None else perplexity(loss),
            "accuracy": 100.0 * correct / targets if targets else None,
        }
        return EvaluationResult(metrics, measured.per_row, targets, measured.seconds, by_source=measured.by_source)

    def predict(self, config: Config, split: SplitName, check: Check) -> Predictions:
        """Answers to the same rows every time, to all of them in the test; and to the project's prompts."""
        examples = self._subject.prepared.examples[split]
        limit = 0 if split == "test" else config.evaluate.max_predictions
        numbers = example_task.chosen(examples, limit)
        records = [examples.record(number, self._kind) for number in numbers]
        asked = [self._encoder.record_of(prompt) for prompt in config.evaluate.prompts]
        with evaluating(self._subject.model), torch.inference_mode():
            answers = self._write([*records, *asked], config, check)
        references = [self._encoder.references(record) for record in records]
        scored = self._judge.score(answers[: len(records)], references)
        shown = [self._sample(*row) for row in zip(records, answers[:SHOWN], references[:SHOWN], strict=False)]
        own = [
            Sample(prompt=prompt, text=text[:SHOWN_CHARS])
            for prompt, text in zip(config.evaluate.prompts, answers[len(records) :], strict=True)
        ]
        return Predictions(scored.metrics, [*own, *shown], scored.signatures)

    def answer(self, config: Config, prompt: str, check: Check, grown: Grown) -> Sample:
        """The prompt as a source, a question or a user's turn, and the answer to it."""
        settings = config.evaluate
        with evaluating(self._subject.model), torch.inference_mode():
            record = self._encoder.record_of(prompt)
            (text,) = self._form.write(
                [record], settings.max_new_tokens, settings.num_beams, lambda: check(0, 0), grown
            )
        return Sample(prompt=prompt, text=text)

    def _write(self, records: Sequence[Record], config: Config, check: Check) -> list[str]:
        """Answers in the order of the records; those of like length are written together."""
        settings = config.evaluate
        size = settings.per_device_eval_batch_size
        order = sorted(range(len(records)), key=lambda at: len(self._encoder.prompt_ids(records[at])))
        answers = [""] * len(records)
        for first in range(0, len(order), size):
            places = order[first : first + size]
            written = self._form.write(
                [records[at] for at in places],
                settings.max_new_tokens,
                settings.num_beams,
                lambda done=first: check(done, len(order)),  # type: ignore[misc]  # the default binds this turn's value
            )
            for at, text in zip(places, written, strict=True):
                answers[at] = text
        return answers

    def _sample(self, record: Record, answer: str, references: Sequence[str]) -> Sample:
        note, correct = self._judge.note(answer, references)
        context = record.context if isinstance(record, Question) else ""
        return Sample(
            prompt=self._encoder.source_text(record)[:SHOWN_CHARS],
            text=answer[:SHOWN_CHARS],
            reference=(references[0] if references else "")[:SHOWN_CHARS],
            context=context[:SHOWN_CHARS],
            note=note,
            correct=correct,
        )

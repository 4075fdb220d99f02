"""Extractive question answering (BERT family): the answer is a span of the context, or there is none.

A long context is read in windows that overlap. Every window gives its best span and the score of having no answer; a
question takes the best span of all its windows (Devlin et al. 2019, arXiv:1810.04805, section 4.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from msopt_tui.config.schema import Config
from msopt_tui.data.examples import ExampleSplit
from msopt_tui.data.records.record import Question
from msopt_tui.data.split import SplitName
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.ml.example_batches import Collate, Collated, pad
from msopt_tui.ml.tasks import example_task
from msopt_tui.ml.tasks.base import Check, EvaluationResult, Grown, Predictions, Subject
from msopt_tui.ml.tasks.example_task import Measured, Rows, wide
from msopt_tui.ml.tasks.form import logits_in
from msopt_tui.ml.tasks.question_answering import Squad
from msopt_tui.ml.tasks.text_classification import IDS, MASK, TYPES, read_arrays
from msopt_tui.protocol.values import Sample

START, END, OFFSET_START, OFFSET_END = "start", "end", "offset_start", "offset_end"
SHOWN = 6
SHOWN_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the windows of one question say together."""

    text: str
    lead: float
    """Score of the best span minus that of no answer (sums of two logits)."""


class ExtractiveAnswering:
    """A network with two scores a token: that the answer begins, and that it ends there."""

    def __init__(self, subject: Subject, max_answer_length: int) -> None:
        self._subject = subject
        self._longest = max_answer_length
        self._judge = Squad()

    def batches(self, config: Config) -> Batches:
        """Windows with the place of the answer."""
        split = self._subject.prepared.examples["train"]
        return example_task.batches(self._subject, config, self._collator(split))

    def _collator(self, split: ExampleSplit) -> Collate:
        return lambda rows: self._collate(split, [number for (number,) in rows])

    def _collate(self, split: ExampleSplit, numbers: Sequence[int]) -> Collated:
        arrays = read_arrays(split, numbers, self._subject.model)
        for name in (START, END):
            arrays[name] = np.array([split.columns[name][number][0] for number in numbers], np.int64)
        for name in (OFFSET_START, OFFSET_END):
            arrays[name] = pad([split.columns[name][number] for number in numbers], -1)
        return Collated(arrays, len(numbers), int(arrays[MASK].sum()))

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Mean of the cross-entropies of beginning and end (nats), summed over windows."""
        begins, ends = self._scores(batch)
        if label_smoothing:
            return sum_of_two(
                self._smoothed(begins, batch, START, label_smoothing), self._smoothed(ends, batch, END, label_smoothing)
            )
        return sum_of_two(
            functional.cross_entropy(begins, batch[START], reduction="sum"),
            functional.cross_entropy(ends, batch[END], reduction="sum"),
        )

    def _smoothed(self, scores: torch.Tensor, batch: Batch, name: str, share: float) -> torch.Tensor:
        """Cross-entropy with a share of the target spread over the tokens there are: padding is no answer."""
        chances = torch.log_softmax(scores, -1)
        there = batch[MASK].bool()
        evenly = chances.masked_fill(~there, 0.0).sum(-1) / there.sum(-1)
        hit = chances.gather(-1, batch[name][:, None]).squeeze(-1)
        return -((1 - share) * hit + share * evenly).sum()

    def _scores(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of beginning and end, each [rows, length], float32; the lowest there is where a row is filled up."""
        model = self._subject.model
        inputs = {name: batch[name] for name in (IDS, MASK, TYPES) if batch.get(name) is not None}

        def run() -> torch.Tensor:
            output = model(**inputs)
            return torch.stack((output.start_logits, output.end_logits))

        scores = logits_in(self._subject, run).float()
        begins, ends = scores.masked_fill(~batch[MASK].bool(), torch.finfo(torch.float32).min)
        return begins, ends

    def _rows(self, batch: Batch) -> Rows:
        begins, ends = self._scores(batch)
        losses = sum_of_two(
            functional.cross_entropy(begins, batch[START], reduction="none"),
            functional.cross_entropy(ends, batch[END], reduction="none"),
        )
        best, first, last = best_spans(begins, ends, batch[OFFSET_START] >= 0, self._longest)
        place = torch.arange(len(first), device=first.device)
        spans = torch.stack((batch[OFFSET_START][place, first], batch[OFFSET_END][place, last]), -1)
        return Rows(losses.to(wide(self._subject.device)), (best, begins[:, 0] + ends[:, 0], spans))

    def measure(self, config: Config, split: SplitName, check: Check) -> EvaluationResult:
        """Loss over windows; exact match and F1 over questions."""
        examples = self._subject.prepared.examples[split]
        measured = example_task.measure(self._subject, config, split, self._collator(examples), self._rows, check)
        if not measured.facts:
            return EvaluationResult({"loss": None}, [], 0, measured.seconds)
        records = [examples.record(number, Question) for number in range(examples.records)]
        questions = [record for record in records if isinstance(record, Question)]
        may_be_none = any(not question.answers for question in questions)
        answers = self._answers(examples, questions, measured)
        threshold = config.task.null_score_diff_threshold
        texts = ["" if may_be_none and -answer.lead > threshold else answer.text for answer in answers]
        scored = self._judge.score(texts, [question.answers for question in questions])
        return EvaluationResult(
            metrics={"loss": measured.loss, **scored.metrics},
            per_row_losses=measured.per_row,
            tokens=len(measured.losses),
            seconds=measured.seconds,
            by_source=measured.by_source,
            samples=[self._sample(*row) for row in list(zip(questions, texts, answers, strict=True))[:SHOWN]],
        )

    def _answers(self, examples: ExampleSplit, questions: Sequence[Question], measured: Measured) -> list[_Answer]:
        """The best span over all windows of every question, and by how much it beats the least sure `no answer`."""
        best, null, spans = measured.facts
        found: dict[int, tuple[float, int, int]] = {}
        nothing: dict[int, float] = {}
        for window, number in enumerate(examples.record_of.tolist()):
            score = float(best[window])
            if number not in found or score > found[number][0]:
                found[number] = (score, int(spans[window, 0]), int(spans[window, 1]))
            nothing[number] = min(nothing.get(number, float("inf")), float(null[window]))
        return [
            _Answer(question.context[found[number][1] : found[number][2]], found[number][0] - nothing[number])
            for number, question in enumerate(questions)
        ]

    def _sample(self, question: Question, text: str, answer: _Answer) -> Sample:
        note, correct = self._judge.note(text, question.answers)
        return Sample(
            prompt=question.question,
            context=question.context[:SHOWN_CHARS],
            text=text[:SHOWN_CHARS],
            reference=question.answers[0] if question.answers else "",
            note=f"{note} · {answer.lead:+.1f} over no answer",
            correct=correct,
        )

    def predict(self, config: Config, split: SplitName, check: Check) -> Predictions:
        """Nothing is written: the answers come with the figures."""
        return Predictions()

    def answer(self, config: Config, prompt: str, check: Check, grown: Grown) -> Sample:
        """Refused."""
        raise ValueError(f"task {config.task.name}: a typed question has no context to find its answer in")


def sum_of_two(begins: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """Half of each, as BERT's own loss has it."""
    return (begins + ends) / 2


def best_spans(
    begins: torch.Tensor, ends: torch.Tensor, allowed: torch.Tensor, longest: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The span of every row with the highest sum of scores: that sum, its first and its last token, each [rows].

    Both ends lie where `allowed` [rows, length] is true, the last not before the first, at most `longest` tokens.
    """
    length = begins.shape[1]
    lowest = torch.finfo(begins.dtype).min / 4
    first = begins.masked_fill(~allowed, lowest)[:, :, None]
    last = ends.masked_fill(~allowed, lowest)[:, None, :]
    shape = torch.ones(length, length, dtype=torch.bool, device=begins.device)
    band = shape.triu() & shape.tril(longest - 1)
    sums = (first + last).masked_fill(~band, torch.finfo(begins.dtype).min)
    best, place = sums.flatten(1).max(-1)
    return best, place // length, place % length

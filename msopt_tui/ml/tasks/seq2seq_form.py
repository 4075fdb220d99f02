"""Answers of an encoder-decoder: the source is read, the target is written token by token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch.nn import functional

from msopt_tui.data.encode.base import Generative
from msopt_tui.data.examples import ExampleSplit
from msopt_tui.data.records.record import Record
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.example_batches import Collated, mask_of, pad
from msopt_tui.ml.tasks.base import Grown, Subject
from msopt_tui.ml.tasks.example_task import IGNORED, Rows, wide
from msopt_tui.ml.tasks.form import generate, logits_in

IDS, MASK, LABELS, DECODER_IDS = "input_ids", "attention_mask", "labels", "decoder_input_ids"


class Seq2SeqForm:
    """`input_ids` and `labels` of an example; every token of the labels is a target."""

    def __init__(self, subject: Subject, encoder: Generative) -> None:
        self._subject = subject
        self._encoder = encoder

    def collator(self, split: ExampleSplit) -> Callable[[Sequence[Sequence[int]]], Collated]:
        """Gathers rows of a split, each one example."""
        return lambda rows: self._collate(split, [number for (number,) in rows])

    def _collate(self, split: ExampleSplit, numbers: list[int]) -> Collated:
        sources = [split.columns[IDS][number] for number in numbers]
        labels = [split.columns[LABELS][number] for number in numbers]
        pad_id = self._subject.model.config.pad_token_id or 0
        arrays = {IDS: pad(sources, pad_id), MASK: mask_of(sources), LABELS: pad(labels, IGNORED)}
        targets = sum(map(len, labels))
        return Collated(arrays, targets, targets + sum(map(len, sources)))

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Summed over the tokens of the targets."""
        return functional.cross_entropy(
            self._logits(batch).flatten(0, 1).float(),
            batch[LABELS].flatten(),
            ignore_index=IGNORED,
            label_smoothing=label_smoothing,
            reduction="sum",
        )

    def rows(self, batch: Batch) -> Rows:
        """Every row is one example."""
        logits, labels = self._logits(batch), batch[LABELS]
        losses = functional.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="none"
        )
        correct = ((logits.argmax(-1) == labels) & (labels != IGNORED)).sum(-1)
        return Rows(losses.view_as(labels).sum(-1, dtype=wide(self._subject.device)), (correct,))

    def _logits(self, batch: Batch) -> torch.Tensor:
        model = self._subject.model
        # Every encoder-decoder has it, PreTrainedModel has not.
        shifted = cast("Callable[..., torch.Tensor]", model.prepare_decoder_input_ids_from_labels)
        decoder_ids = shifted(labels=batch[LABELS])

        def run() -> torch.Tensor:
            logits: torch.Tensor = model(
                input_ids=batch[IDS], attention_mask=batch[MASK], decoder_input_ids=decoder_ids, use_cache=False
            ).logits
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
        """What the decoder writes."""
        prompts = [self._encoder.prompt_ids(record) for record in records]
        pad_id = self._subject.model.config.pad_token_id or 0
        device = self._subject.device
        ids, mask = (torch.from_numpy(array).to(device) for array in (pad(prompts, pad_id), mask_of(prompts)))
        written = generate(
            self._subject,
            ids,
            mask,
            stops=self._encoder.stops,
            max_new_tokens=max_new_tokens,
            num_beams=num_beams,
            check=check,
            written=None if grown is None else lambda row: grown(lambda: self._spelled(row.tolist())),
        )
        return [self._spelled(row) for row in written.tolist()]

    def _spelled(self, ids: list[int]) -> str:
        return self._subject.tokenizer.decode(ids, skip_special_tokens=True).strip()

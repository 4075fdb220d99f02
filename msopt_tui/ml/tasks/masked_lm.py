"""Masked language modelling (BERT family): some tokens are hidden, and found again from both sides.

Of the tokens picked 80 % become the mask token, 10 % another one and 10 % stay as they are (Devlin et al. 2019,
arXiv:1810.04805). What is picked is a pure function of (seed, step), in an evaluation of the place alone, so that
evaluations compare.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from msopt_tui.config.schema import Config
from msopt_tui.data.errors import DataError
from msopt_tui.data.order import Batches as TokenBatches
from msopt_tui.data.order import Stretch
from msopt_tui.data.split import SplitName
from msopt_tui.ml.batch import Batch, Batches
from msopt_tui.ml.by_source import StreamBySource
from msopt_tui.ml.example_batches import Collated, on_device
from msopt_tui.ml.metrics.likelihood import perplexity
from msopt_tui.ml.modes import evaluating
from msopt_tui.ml.tasks.base import Check, EvaluationResult, Grown, Predictions, Subject
from msopt_tui.ml.tasks.example_task import IGNORED, wide
from msopt_tui.ml.tasks.form import logits_in
from msopt_tui.protocol.values import Sample

IDS, MASK, TARGETS = "input_ids", "attention_mask", "targets"
EVALUATION = 2**63
"""Stands for the step in the key of an evaluation's masks."""
BLANK = re.compile(r"\[MASK\]|<mask>", re.IGNORECASE)
"""How a prompt writes the word that is to be found."""
SHOWN, SHOWN_TOKENS = 4, 40
"""Rows of the split that are shown with their hidden words found, and their length."""

Ids = npt.NDArray[np.int64]


class Masking:
    """Which tokens are hidden."""

    def __init__(self, mask: int, vocab_size: int, special: frozenset[int], share: float) -> None:
        """`special` tokens are never hidden; `share` of the others is."""
        self._mask, self._size, self._share = mask, vocab_size, share
        self._special = np.array(sorted(special), np.int64)

    def hide(self, ids: Ids, there: npt.NDArray[np.bool_], *key: int) -> tuple[Ids, Ids]:
        """What the network reads and what it is to find [rows, length], IGNORED where nothing is hidden.

        The same `key` hides the same places. `there` is false where a row is filled up. A row of ordinary tokens has
        at least one hidden.
        """
        random = np.random.Generator(np.random.Philox(key=np.array(key, np.uint64)))
        chance = random.random(ids.shape)
        ordinary = there & ~np.isin(ids, self._special)
        chance[~ordinary] = 2.0
        picked = chance < self._share
        lone = ordinary.any(axis=1) & ~picked.any(axis=1)
        picked[lone, chance[lone].argmin(axis=1)] = True
        fate = random.random(ids.shape)
        others = random.integers(0, self._size, ids.shape)
        read = np.where(picked & (fate < 0.8), self._mask, np.where(picked & (fate >= 0.9), others, ids))
        return read, np.where(picked, ids, IGNORED)


class MaskedLanguageModelling:
    """Running text with hidden tokens."""

    def __init__(self, subject: Subject, config: Config) -> None:
        """Raises DataError where the tokenizer has no mask token."""
        self._subject = subject
        mask = subject.vocabulary.mask
        if mask is None:
            raise DataError(
                "task masked-lm: the tokenizer has no mask token (mask_token): take a model of the BERT family"
            )
        added = subject.tokenizer.get_added_tokens_decoder()
        special = frozenset(number for number, token in added.items() if token.special)
        self._mask = mask
        self._masking = Masking(mask, subject.vocabulary.size, special, config.task.mlm_probability)

    def batches(self, config: Config) -> Batches:
        """Windows of the training text."""
        return _MaskedBatches(self._subject, config, self._masking)

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Nats, summed over the hidden tokens."""
        return functional.cross_entropy(
            self._logits(batch).flatten(0, 1).float(),
            batch[TARGETS].flatten(),
            ignore_index=IGNORED,
            label_smoothing=label_smoothing,
            reduction="sum",
        )

    def _logits(self, batch: Batch) -> torch.Tensor:
        model, mask = self._subject.model, batch.get(MASK)
        extra = {} if mask is None else {MASK: mask}

        def run() -> torch.Tensor:
            logits: torch.Tensor = model(input_ids=batch[IDS], **extra).logits
            return logits

        return logits_in(self._subject, run)

    def measure(self, config: Config, split: SplitName, check: Check) -> EvaluationResult:
        """Loss, perplexity and accuracy over the hidden tokens of the whole split."""
        began = time.perf_counter()
        ids = self._subject.prepared.store[split].ids
        length, size = config.data.max_length, config.evaluate.per_device_eval_batch_size
        rows = -(-len(ids) // length)
        losses: list[float] = []
        targets: list[int] = []
        correct = 0
        sources = StreamBySource(self._subject.prepared.meta.splits[split])
        with evaluating(self._subject.model), torch.inference_mode():
            for first, read, wanted, there in self._windows(ids, length, size):
                check(first, rows)
                arrays = {IDS: read, TARGETS: wanted, MASK: there.astype(np.int64)}
                batch = on_device(Collated(arrays, 0, 0), self._subject.device)
                logits = self._logits(batch)
                found = functional.cross_entropy(
                    logits.flatten(0, 1).float(), batch[TARGETS].flatten(), ignore_index=IGNORED, reduction="none"
                )
                sources.add(first * length, found, (batch[TARGETS] != IGNORED).flatten())
                losses += found.view(wanted.shape).sum(-1, dtype=wide(self._subject.device)).tolist()
                correct += int((logits.argmax(-1) == batch[TARGETS]).sum())
                targets += (wanted != IGNORED).sum(axis=1).tolist()
        check(rows, rows)
        total = sum(targets)
        mean = math.fsum(losses) / total if total else math.nan
        metrics = {
            "loss": mean if math.isfinite(mean) else None,
            "perplexity": perplexity(mean) if math.isfinite(mean) else None,
            "accuracy": 100.0 * correct / total if total else None,
        }
        per_row = [loss / max(count, 1) for loss, count in zip(losses, targets, strict=True)]
        took = time.perf_counter() - began
        return EvaluationResult(metrics, per_row, total, took, by_source=sources.means())

    def _windows(
        self, ids: npt.NDArray[np.unsignedinteger], length: int, size: int
    ) -> Iterator[tuple[int, Ids, Ids, npt.NDArray[np.bool_]]]:
        """Rows before, what is read, what is to be found, and where there are tokens, for every batch of a split."""
        for first in range(0, len(ids), size * length):
            part = np.asarray(ids[first : first + size * length], np.int64)
            rows = -(-len(part) // length)
            there = np.arange(rows * length) < len(part)
            whole = np.zeros(rows * length, np.int64)
            whole[: len(part)] = part
            shaped, mask = whole.reshape(rows, length), there.reshape(rows, length)
            yield first // length, *self._masking.hide(shaped, mask, EVALUATION, first), mask

    def predict(self, config: Config, split: SplitName, check: Check) -> Predictions:
        """The project's prompts with their `[MASK]` found, and a few rows of the split."""
        with evaluating(self._subject.model), torch.inference_mode():
            own = [self._fill(prompt, check) for prompt in config.evaluate.prompts]
            return Predictions(samples=[*own, *(self._found(split, at, check) for at in range(SHOWN))])

    def answer(self, config: Config, prompt: str, check: Check, grown: Grown) -> Sample:
        """The prompt with its `[MASK]` found, all at once."""
        with evaluating(self._subject.model), torch.inference_mode():
            return self._fill(prompt, check)

    def _fill(self, prompt: str, check: Check) -> Sample:
        check(0, 0)
        tokenizer = self._subject.tokenizer
        begin, end = _frame(tokenizer.encode("").ids)
        ids = list(begin)
        for at, piece in enumerate(BLANK.split(prompt)):
            ids += [self._mask] if at else []
            ids += tokenizer.encode(piece.strip() if at else piece, add_special_tokens=False).ids
        return self._told(prompt, "", np.array([*ids, *end], np.int64))

    def _found(self, split: SplitName, at: int, check: Check) -> Sample:
        check(0, 0)
        ids = self._subject.prepared.store[split].ids
        start = at * len(ids) // SHOWN
        row = np.asarray(ids[start : start + SHOWN_TOKENS], np.int64)[None, :]
        read, wanted = self._masking.hide(row, np.ones_like(row, bool), EVALUATION, at)
        read = np.where(wanted != IGNORED, self._mask, read)
        decode = self._subject.tokenizer.decode
        return self._told(decode(read[0].tolist(), skip_special_tokens=False), decode(row[0].tolist()), read[0])

    def _told(self, prompt: str, reference: str, ids: Ids) -> Sample:
        """What the network puts in the places of the masks, and how sure it is."""
        tensor = torch.from_numpy(ids)[None, :].to(self._subject.device)
        logits = self._logits(Batch({IDS: tensor}, 0, 0))[0].float().cpu()
        places = np.flatnonzero(ids == self._mask)
        chances = torch.softmax(logits[places], -1)
        sure, best = chances.max(-1) if len(places) else (torch.zeros(0), torch.zeros(0, dtype=torch.int64))
        filled = ids.copy()
        filled[places] = best.numpy()
        decode = self._subject.tokenizer.decode
        words = [
            f"{decode([int(token)]).strip()} {float(chance):.2f}" for token, chance in zip(best, sure, strict=True)
        ]
        return Sample(prompt=prompt, text=decode(filled.tolist()), reference=reference, note=" · ".join(words))


def _frame(empty: list[int]) -> tuple[list[int], list[int]]:
    """What a tokenizer puts before and behind a text, from what it makes of an empty one."""
    half = (len(empty) + 1) // 2
    return empty[:half], empty[half:]


class _MaskedBatches:
    """Windows of the training text with other tokens hidden at every step."""

    def __init__(self, subject: Subject, config: Config, masking: Masking) -> None:
        train = config.train
        per_step = train.per_device_train_batch_size * train.gradient_accumulation_steps
        # A row of a stream has one token more than it has inputs; here it is left out.
        self._rows = TokenBatches(subject.prepared.store["train"], config.data.max_length, per_step, train.seed)
        self._masking, self._seed, self._device = masking, train.seed, subject.device
        self.rows = self._rows.order.rows
        self.tokens_per_step = per_step * config.data.max_length

    def begin(self, stretch: Stretch) -> None:
        """Count rows from where steps of another size left off."""
        self._rows.order.begin(stretch)

    def batch(self, step: int) -> Batch:
        """The rows of a step, counted from 1."""
        ids = self._rows.batch(step)[:, :-1]
        read, wanted = self._masking.hide(ids, np.ones_like(ids, bool), self._seed, step)
        targets = int((wanted != IGNORED).sum())
        return on_device(Collated({IDS: read, TARGETS: wanted}, targets, ids.size), self._device)

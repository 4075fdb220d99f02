"""How a network answers: what its rows look like, what its loss is, and how it writes. One form a family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, cast

import torch
from transformers.generation.stopping_criteria import StoppingCriteria, StoppingCriteriaList

from msopt_tui.data.examples import ExampleSplit
from msopt_tui.data.records.record import Record
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.example_batches import Collate
from msopt_tui.ml.tasks.base import Grown, Subject
from msopt_tui.ml.tasks.example_task import Rows


class Form(Protocol):
    """One family's way from examples to a loss and to texts."""

    def collator(self, split: ExampleSplit) -> Collate:
        """What gathers rows of a split."""

    def loss(self, batch: Batch, label_smoothing: float) -> torch.Tensor:
        """Summed cross-entropy over the batch's targets (nats), in float32."""

    def rows(self, batch: Batch) -> Rows:
        """Summed loss and correct targets of every example."""

    def write(
        self,
        records: Sequence[Record],
        max_new_tokens: int,
        num_beams: int,
        check: Callable[[], None],
        grown: Grown | None = None,
    ) -> list[str]:
        """What the network answers to each record; `check` is called after every token, `grown` for the first."""


class Asked(StoppingCriteria):
    """Calls `check` after every token of `generate`; what it raises ends the writing."""

    def __init__(self, check: Callable[[], None], written: Callable[[torch.Tensor], None] | None = None) -> None:
        """`written` is called with the first row, its prompt included where the network is causal."""
        self._check, self._written = check, written

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor, **_: object) -> torch.Tensor:
        """One flag a row: none ends here."""
        if self._written is not None:
            self._written(input_ids[0])
        self._check()
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


def generate(
    subject: Subject,
    ids: torch.Tensor,
    attention_mask: torch.Tensor,
    *,
    stops: frozenset[int],
    max_new_tokens: int,
    num_beams: int,
    check: Callable[[], None],
    written: Callable[[torch.Tensor], None] | None = None,
) -> torch.Tensor:
    """The most likely continuation by greedy or beam search: `transformers`' own `generate`, without sampling.

    `ids` and its mask are [rows, length]; an answer ends at one of `stops`. Returns what `generate` does: with the
    prompt for a causal network. `written` sees the first row (of beams the best so far) after every token.
    """
    model = subject.model
    pad = model.config.pad_token_id
    # Every network that writes has it, PreTrainedModel has not.
    write = cast("Callable[..., torch.Tensor]", model.generate)
    return write(
        input_ids=ids,
        attention_mask=attention_mask,
        max_new_tokens=max_new_tokens,
        num_beams=num_beams,
        do_sample=False,
        # Settings of sampling that some published models bring along make no sense without it.
        temperature=None,
        top_p=None,
        top_k=None,
        eos_token_id=sorted(stops),
        pad_token_id=subject.prepared.meta.end_of_text if pad is None else pad,
        stopping_criteria=StoppingCriteriaList([Asked(check, written)]),
    )


def logits_in(subject: Subject, run: Callable[[], torch.Tensor]) -> torch.Tensor:
    """Logits computed in the subject's autocast type, if it has one."""
    if subject.autocast is None:
        return run()
    with torch.autocast(subject.device.type, dtype=subject.autocast):
        return run()

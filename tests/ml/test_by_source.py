"""Losses by source add up to the loss of the whole, to the target."""

from __future__ import annotations

import pytest
import torch

from msopt_tui.data.meta import SourceMeta, SplitMeta
from msopt_tui.ml.by_source import StreamBySource, of_examples
from msopt_tui.ml.tasks.causal_lm import evaluate
from tests.ml.tiny import CPU, LENGTH, network, token_ids

SPLIT = SplitMeta(3, 1, 1, 150, by_source=[SourceMeta(40), SourceMeta(0), SourceMeta(110)])


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_a_stream_counts_every_target_for_the_source_that_it_stands_in(batch_size: int) -> None:
    ids, model = token_ids(150), network()
    sources = StreamBySource(SPLIT)
    result = evaluate(
        model, ids=ids, max_length=LENGTH, batch_size=batch_size, text_bytes=1, autocast=None, device=CPU,
        check=lambda *_: None, sources=sources,
    )  # fmt: skip
    first, none, third = result.by_source
    assert first is not None
    assert none is None
    assert third is not None
    # 149 targets: the first token is predicted by nothing.
    assert (39 * first + 110 * third) / 149 == pytest.approx(result.metrics["loss"], rel=1e-12)
    alone = StreamBySource(SPLIT)
    with torch.no_grad():
        logits = model(torch.from_numpy(ids[:LENGTH].astype("int64"))[None]).logits[0]
        losses = torch.nn.functional.cross_entropy(
            logits, torch.from_numpy(ids[1 : LENGTH + 1].astype("int64")), reduction="none"
        )
    alone.add(1, losses, torch.ones_like(losses, dtype=torch.bool))
    assert alone.means()[0] == pytest.approx(float(losses.double().mean()), rel=1e-9)
    assert alone.means()[1:] == [None, None]


def test_examples_are_weighed_by_their_targets() -> None:
    split = SplitMeta(3, 1, 1, 9, by_source=[SourceMeta(6, examples=2), SourceMeta(3, examples=1)])
    assert of_examples(split, [2.0, 10.0, 9.0], [1, 5, 3]) == [2.0, 3.0]
    assert of_examples(SplitMeta(3, 1, 1, 9), [2.0, 10.0, 9.0], [1, 5, 3]) == []

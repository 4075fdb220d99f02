"""The losses of tasks that write, against Hugging Face's own, and against the same examples in rows of their own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from transformers.modeling_utils import PreTrainedModel
from transformers.models.t5.configuration_t5 import T5Config
from transformers.models.t5.modeling_t5 import T5ForConditionalGeneration

from msopt_tui.data.encode.base import Example, Generative
from msopt_tui.data.examples import ExampleSplit, SplitWriter
from msopt_tui.data.meta import SplitMeta
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.example_batches import on_device
from msopt_tui.ml.tasks.base import Subject
from msopt_tui.ml.tasks.causal_form import POSITIONS, CausalForm
from msopt_tui.ml.tasks.example_task import IGNORED
from msopt_tui.ml.tasks.seq2seq_form import Seq2SeqForm
from tests.ml.tiny import ARCHITECTURES, CPU, VOCABULARY, Architecture, network

LENGTHS = (5, 3, 6, 2)


def split_of(folder: Path, examples: list[dict[str, list[int]]], columns: dict[str, str]) -> ExampleSplit:
    with SplitWriter(folder, "train", columns) as writer:
        for columns_of in examples:
            writer.add('{"source":"a","target":"b"}', "rows#1", [Example(columns_of, 4, 2)])
    return ExampleSplit(folder, "train", SplitMeta(1, 1, 1, 1), columns)


def subject_of(model: PreTrainedModel, split: ExampleSplit) -> Subject:
    prepared = SimpleNamespace(examples={"train": split}, meta=SimpleNamespace(end_of_text=0))
    return Subject(model, cast("object", None), cast("object", prepared), CPU, None)  # type: ignore[arg-type]  # what these forms read of them


def causal_examples(seed: int = 0) -> list[dict[str, list[int]]]:
    random = np.random.default_rng(seed)
    return [
        {
            "input_ids": random.integers(2, VOCABULARY, n).tolist(),
            "supervised": [0, *random.integers(0, 2, n - 1).tolist()],
        }
        for n in LENGTHS
    ]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_examples_that_share_a_row_do_not_see_each_other(architecture: Architecture, tmp_path: Path) -> None:
    split = split_of(tmp_path, causal_examples(), {"input_ids": "<u2", "supervised": "|u1"})
    form = CausalForm(subject_of(network(architecture, initializer_range=0.3), split), cast(Generative, None))
    collate = form.collator(split)
    apart = on_device(collate([[0], [1], [2], [3]]), CPU)
    together = on_device(collate([[0, 1, 2, 3]]), CPU)
    two = on_device(collate([[2, 0], [1, 3]]), CPU)
    assert POSITIONS not in apart.tensors
    assert apart.targets == together.targets == two.targets
    losses = [form.loss(batch, 0.0).item() for batch in (apart, together, two)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert losses[2] == pytest.approx(losses[0], rel=1e-5)
    # Told apart by nothing they would give another loss: the test can fail.
    blind = Batch({name: together[name] for name in together.tensors if name != POSITIONS}, 1, 1)
    assert form.loss(blind, 0.0).item() != pytest.approx(losses[0], rel=1e-3)


def test_only_what_is_supervised_is_learned(tmp_path: Path) -> None:
    examples = causal_examples()
    split = split_of(tmp_path, examples, {"input_ids": "<u2", "supervised": "|u1"})
    model = network("llama", initializer_range=0.3)
    form = CausalForm(subject_of(model, split), cast(Generative, None))
    batch = on_device(form.collator(split)([[0], [1], [2], [3]]), CPU)
    expected, count = 0.0, 0
    for example in examples:
        ids, learnt = torch.tensor([example["input_ids"]]), example["supervised"]
        with torch.no_grad():
            scores = torch.log_softmax(model(input_ids=ids).logits[0].double(), -1)
        for place in range(1, ids.shape[1]):
            if learnt[place]:
                expected -= float(scores[place - 1, ids[0, place]])
                count += 1
    assert batch.targets == count
    assert form.loss(batch, 0.0).item() == pytest.approx(expected, rel=1e-5)
    rows = form.rows(batch)
    assert float(rows.losses.sum()) == pytest.approx(expected, rel=1e-5)


def t5() -> T5ForConditionalGeneration:
    torch.manual_seed(3)
    config = T5Config(
        vocab_size=VOCABULARY,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        dropout_rate=0.0,
        pad_token_id=1,
        eos_token_id=0,
    )
    config.decoder_start_token_id = 1
    return T5ForConditionalGeneration(config)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_an_encoder_decoder_has_hugging_faces_loss_times_its_targets(smoothing: float, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    examples = [
        {
            "input_ids": random.integers(2, VOCABULARY, n).tolist(),
            "labels": [*random.integers(2, VOCABULARY, n - 1).tolist(), 0],
        }
        for n in LENGTHS
    ]
    split = split_of(tmp_path, examples, {"input_ids": "<u2", "labels": "<u2"})
    model = t5()
    form = Seq2SeqForm(subject_of(model, split), cast(Generative, None))
    batch = on_device(form.collator(split)([[0], [1], [2], [3]]), CPU)
    assert batch.targets == sum(LENGTHS)
    assert (batch["labels"] == IGNORED).any()
    ours = form.loss(batch, smoothing).item()
    with torch.no_grad():
        output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"])
        if smoothing:
            scores = torch.log_softmax(output.logits.double(), -1)
            there = batch["labels"] != IGNORED
            hit = scores.gather(-1, batch["labels"].clamp_min(0)[..., None])[..., 0]
            expected = -float(((1 - smoothing) * hit + smoothing * scores.mean(-1))[there].sum())
        else:
            expected = float(output.loss) * batch.targets
    assert ours == pytest.approx(expected, rel=1e-5)
    assert float(form.rows(batch).losses.sum()) == pytest.approx(form.loss(batch, 0.0).item(), rel=1e-5)


def test_padding_changes_nothing(tmp_path: Path) -> None:
    split = split_of(
        tmp_path,
        [{"input_ids": [5, 6, 7], "labels": [8, 9, 0]}, {"input_ids": list(range(2, 30)), "labels": [3, 0]}],
        {"input_ids": "<u2", "labels": "<u2"},
    )
    model = t5().eval()
    form = Seq2SeqForm(subject_of(model, split), cast(Generative, None))
    collate = form.collator(split)
    alone = [form.loss(on_device(collate([[at]]), CPU), 0.0).item() for at in range(2)]
    both = form.loss(on_device(collate([[0], [1]]), CPU), 0.0).item()
    assert both == pytest.approx(sum(alone), rel=1e-5)

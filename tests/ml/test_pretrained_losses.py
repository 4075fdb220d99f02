"""Losses of pretrained starts: DPO's against the formula and its fixed reference; any task's whole and in parts."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from msopt_tui.config.load import load_project
from msopt_tui.config.schema import Config
from msopt_tui.data import vocabulary
from msopt_tui.data.prepare import prepare
from msopt_tui.ml import lora, network
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.modes import evaluating
from msopt_tui.ml.tasks import task_of
from msopt_tui.ml.tasks.base import Subject, Task
from msopt_tui.ml.tasks.preference import PreferenceTuning
from tests.ml import task_projects as projects
from tests.ml.pretrained_dirs import of_family
from tests.ml.tiny import CPU

pytest.importorskip("peft")
torch.set_num_threads(1)

MODEL = '[model]\npretrained = "base"\n[model.lora]\nr = 4\nalpha = 16\n'


def config_of(folder: Path, *overrides: str) -> Config:
    of_family("chat", folder)
    project = projects.write(folder, "preference", model=MODEL, more="beta = 0.3", steps=40)
    return load_project(project, overrides)


def built(config: Config, folder: Path) -> tuple[Task, Subject]:
    prepared = prepare(config, folder, folder / "cache", lambda *_: None, lambda: None)
    model = network.build(config, prepared, folder, CPU)
    words = vocabulary.load(prepared.tokenizer_dir, prepared.meta.family)
    subject = Subject(model, words, prepared, CPU, None)
    return task_of(config, subject), subject


def moved(subject: Subject) -> None:
    """Adapters that change something."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(2)
        for name, parameter in subject.model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.2)


def likelihoods(subject: Subject, batch: Batch, side: str) -> torch.Tensor:
    """Log-likelihood of every answer by log-softmax, token by token, in float64."""
    with torch.no_grad(), evaluating(subject.model):
        logits = subject.model(input_ids=batch[f"{side}_input_ids"]).logits
    chances = torch.log_softmax(logits.double(), -1)
    totals = []
    for row, targets in zip(chances, batch[f"{side}_targets"], strict=True):
        totals.append(sum(row[place, int(token)] for place, token in enumerate(targets) if token != -100))
    return torch.stack([torch.as_tensor(total) for total in totals])


def reference_loss(subject: Subject, batch: Batch, beta: float, smoothing: float) -> float:
    """Equation 7 of the paper, and the labels of a share of the pairs turned round."""
    now = [likelihoods(subject, batch, side) for side in ("chosen", "rejected")]
    with lora.without_adapters(subject.model):
        before = [likelihoods(subject, batch, side) for side in ("chosen", "rejected")]
    total = 0.0
    for chosen, rejected, old_chosen, old_rejected in zip(*now, *before, strict=True):
        lead = beta * float((chosen - old_chosen) - (rejected - old_rejected))
        right, wrong = (-math.log(1 / (1 + math.exp(-x))) for x in (lead, -lead))
        total += (1 - smoothing) * right + smoothing * wrong
    return total


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_formulas(smoothing: float, tmp_path: Path) -> None:
    config = config_of(tmp_path)
    task, subject = built(config, tmp_path)
    moved(subject)
    batch = task.batches(config).batch(1)
    expected = reference_loss(subject, batch, 0.3, smoothing)
    assert task.loss(batch, smoothing).item() == pytest.approx(expected, rel=1e-5)
    assert abs(expected / batch.targets - math.log(2)) > 0.01, "else nothing is preferred"


def test_the_reference_has_neither_dropout_nor_what_is_learnt(tmp_path: Path) -> None:
    config = config_of(tmp_path, "model.dropout=0.3", "model.lora.dropout=0.3")
    task, subject = built(config, tmp_path)
    assert isinstance(task, PreferenceTuning)
    batch = task.batches(config).batch(1)

    def reference() -> torch.Tensor:
        with torch.no_grad(), lora.without_adapters(subject.model), evaluating(subject.model):
            return task._likelihoods(batch)

    before = reference()
    assert torch.equal(reference(), before)
    assert subject.model.training
    assert not torch.equal(task._likelihoods(batch), task._likelihoods(batch)), "what learns has dropout"
    moved(subject)
    assert torch.equal(reference(), before)
    task.loss(batch, 0.0).backward()
    learning = {name for name, parameter in subject.model.named_parameters() if parameter.grad is not None}
    assert learning == {name for name, _ in subject.model.named_parameters() if "lora_" in name}


def test_parts_have_the_gradients_of_the_whole(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    task, subject = built(config, tmp_path)
    moved(subject)
    batch = task.batches(config).batch(1)
    found = []
    for parts in (1, 4):
        subject.model.zero_grad()
        total = torch.zeros(())
        for part in batch.parts(parts):
            loss = task.loss(part, 0.1) / batch.targets
            loss.backward()
            total += loss.detach()
        gradients = {name: p.grad.clone() for name, p in subject.model.named_parameters() if p.grad is not None}
        found.append((total, gradients))
    (whole, first), (parted, second) = found
    assert parted.item() == pytest.approx(whole.item(), abs=1e-6)
    assert first.keys() == second.keys()
    assert all(torch.allclose(first[name], second[name], atol=1e-6) for name in first)


ROWS_AND_MODELS = [
    ("text-classification", "bert"),
    ("question-answering", "bert"),
    ("masked-lm", "bert"),
    ("translation", "t5"),
    ("instruction", "chat"),
    ("summarization", "gpt2"),
]


@pytest.mark.parametrize(("task_name", "kind"), ROWS_AND_MODELS)
def test_a_step_in_parts_has_the_loss_of_the_whole_whatever_its_rows_hold(
    task_name: str, kind: str, tmp_path: Path
) -> None:
    of_family(kind, tmp_path)
    config = load_project(projects.write(tmp_path, task_name, model='[model]\npretrained = "base"\n'))
    task, subject = built(config, tmp_path)
    batch = task.batches(config).batch(1)
    with torch.no_grad(), evaluating(subject.model):
        losses = [sum((task.loss(part, 0.1) / batch.targets).item() for part in batch.parts(parts)) for parts in (1, 4)]
        each = [task.loss(part, 0.1).item() for part in batch.parts(8)]
    # Relative: at a loss of 6, two float32 numbers that follow each other are 5e-7 apart.
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)
    assert len({round(loss, 4) for loss in each}) > 1

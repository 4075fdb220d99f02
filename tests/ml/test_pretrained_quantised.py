"""Four bits: what is missing is said when the file is read; where all is there, a run goes through."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from transformers.models.auto.configuration_auto import AutoConfig

from msopt_tui.config import crosscheck
from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import load_project
from msopt_tui.data.errors import DataError
from msopt_tui.ml import pretrained, quantise
from msopt_tui.ml.heads import CAUSAL, CLASSES, SPANS
from tests.ml import task_projects as projects
from tests.ml.pretrained_dirs import of_family

START = '[model]\npretrained = "base"\nload_in_4bit = true\n'
LORA = "[model.lora]\nr = 4\n"


def said(folder: Path, model: str, monkeypatch: pytest.MonkeyPatch, *, package: bool, gpu: bool) -> list[str]:
    """Every problem of a project file, where the package and a GPU are there or not."""
    monkeypatch.setattr(
        crosscheck, "find_spec", lambda name: None if name == "bitsandbytes" and not package else object()
    )
    monkeypatch.setattr(crosscheck, "_has_gpu", lambda: gpu)
    try:
        load_project(projects.write(folder, "instruction", model=model))
    except ConfigError as error:
        return [f"{problem.key}: {problem.message}" for problem in error.problems]
    return []


def test_what_is_missing_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(tmp_path, START + LORA, monkeypatch, package=True, gpu=True) == []
    assert said(tmp_path, START + LORA, monkeypatch, package=False, gpu=True) == [
        "model.load_in_4bit: bitsandbytes is not installed: pip install bitsandbytes"
    ]
    assert said(tmp_path, START + LORA, monkeypatch, package=True, gpu=False) == [
        "model.load_in_4bit: needs an NVIDIA GPU, and none is found here: leave it out, or run where there is one"
    ]
    learn = "model.load_in_4bit: four bits can't learn: it takes model.pretrained, with [model.lora] beside it"
    assert said(tmp_path, START, monkeypatch, package=True, gpu=True) == [learn]
    own = '[model]\narchitecture = "llama"\nload_in_4bit = true\n'
    assert said(tmp_path, own, monkeypatch, package=True, gpu=True) == [learn]


def test_a_device_that_torch_does_not_find_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DataError, match="needs a CUDA device, and torch finds none: leave it out"):
        quantise.settings()


def test_a_head_that_learns_is_not_quantised(tmp_path: Path) -> None:
    found = {
        (kind, head.name): pretrained._parts(AutoConfig.from_pretrained(of_family(kind, tmp_path, kind)), head)
        for kind, head in (("bert", CLASSES), ("roberta", CLASSES), ("bert", SPANS), ("chat", CAUSAL))
    }
    assert list(found.values()) == [["bert.pooler", "classifier"], ["classifier"], ["qa_outputs"], []]


@pytest.mark.skipif(
    not torch.cuda.is_available() or importlib.util.find_spec("bitsandbytes") is None,
    reason="takes a CUDA device and bitsandbytes",
)
@pytest.mark.parametrize(("task", "kind"), [("instruction", "chat"), ("text-classification", "roberta")])
def test_a_run_in_four_bits(task: str, kind: str, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    of_family(kind, tmp_path)
    directory = projects.run(projects.write(tmp_path, task, model=START + LORA, steps=6), "resources.device=cuda")
    assert (directory.path / "adapter" / "adapter_model.safetensors").exists()
    assert (directory.path / "model" / "config.json").exists()

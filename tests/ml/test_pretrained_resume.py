"""A stop in the middle changes nothing: ten steps are five, an end of the engine, and five more, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.protocol import commands as cmd
from msopt_tui.runs.directory import RunDirectory
from tests.ml import live
from tests.ml import task_projects as projects
from tests.ml.pretrained_dirs import of_family
from tests.projects import losses_of, state_of

torch.set_num_threads(1)

START = '[model]\npretrained = "base"\ndropout = 0.1\n'
LORA = "[model.lora]\nr = 4\nalpha = 16\ndropout = 0.1\n"
CASES = [
    ("text-classification", "gpt2", LORA),
    ("masked-lm", "bert-body", ""),
    ("translation", "t5", ""),
    ("instruction", "chat", LORA),
]


@pytest.mark.parametrize(("task", "kind", "adapters"), CASES)
def test_ten_steps_are_five_and_five(task: str, kind: str, adapters: str, tmp_path: Path) -> None:
    if adapters:
        pytest.importorskip("peft")
    of_family(kind, tmp_path)
    project = projects.write(tmp_path, task, model=START + adapters, steps=10)

    def create() -> RunDirectory:
        overrides = [f"data.cache_dir={tmp_path / 'cache'}", "train.gradient_accumulation_steps=2"]
        return launch.create_run(load_project(project, overrides), project, tmp_path / "runs")

    whole, parted = live.serve(create()), live.serve(create(), {5: [cmd.Stop()]})
    assert state_of(parted).status == "stopped"
    assert len(losses_of(parted)) == 5
    live.serve(parted)
    assert state_of(parted).status == "completed"
    assert len(losses_of(whole)) == 10
    assert losses_of(parted) == losses_of(whole)
    for name in ("adapter_model" if adapters else "model", "optimizer"):
        first, second = (load_file(run.checkpoint(10) / f"{name}.safetensors") for run in (whole, parted))
        assert first.keys() == second.keys()
        assert all(torch.equal(tensor, second[key]) for key, tensor in first.items())
    if task == "instruction":
        assert load_project(whole.config).data.packing

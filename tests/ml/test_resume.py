"""20 steps = 10, a checkpoint, a new process, 10: to the last bit, with dropout, clipping and the fused optimiser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from msopt_tui.config.schema import TrainTable
from msopt_tui.ml import checkpoint, device, optim
from msopt_tui.ml.checkpoint import TrainingState
from tests.ml.tiny import ARCHITECTURES, CPU, SETTINGS, Architecture, network, tokenizer_dir, train

STATE = TrainingState(step=10, round=1, round_first_step=0, round_last_step=20, tokens=640)
ROOT = Path(__file__).parents[2]


def test_a_new_process_goes_on_to_the_last_bit(tmp_path: Path) -> None:
    tokenizer = tokenizer_dir(tmp_path)
    expected = {}
    for architecture in ARCHITECTURES:
        model = network(architecture, dropout=0.2)
        optimizer = optim.build(model, SETTINGS, CPU)
        torch.manual_seed(5)
        train(model, optimizer, 1, 10)
        checkpoint.save(tmp_path / architecture, model, optimizer, tokenizer, STATE, CPU)
        expected[architecture] = [[loss.hex(), norm.hex()] for loss, norm in train(model, optimizer, 11, 20)]
    answer = subprocess.run(
        [sys.executable, "-m", "tests.ml.resume_child", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(answer.stdout) == expected


def test_dropout_and_clipping_were_at_work() -> None:
    """Else the test above would prove less than it says."""
    losses = []
    for seed in (5, 6):
        model = network(dropout=0.2)
        torch.manual_seed(seed)
        figures = train(model, optim.build(model, SETTINGS, CPU), 1, 3)
        losses.append([loss for loss, _ in figures])
        assert all(norm > SETTINGS.max_grad_norm for _, norm in figures)
    assert losses[0] != losses[1]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", ["adamw_torch_fused", "adamw_torch"])
def test_so_does_a_gpu_in_bfloat16(tmp_path: Path, architecture: Architecture, name: str) -> None:
    gpu = torch.device("cuda", 0)
    device.make_repeatable(gpu)
    settings = TrainTable(max_grad_norm=0.5, optim="adamw_torch" if name == "adamw_torch" else "adamw_torch_fused")
    model = network(architecture, dropout=0.2, device=gpu)
    optimizer = optim.build(model, settings, gpu)
    torch.manual_seed(5)
    train(model, optimizer, 1, 10, settings=settings, autocast=torch.bfloat16)
    saved = checkpoint.save(tmp_path / "c", model, optimizer, tokenizer_dir(tmp_path), STATE, gpu)
    expected = train(model, optimizer, 11, 20, settings=settings, autocast=torch.bfloat16)
    other = network(architecture, seed=999, dropout=0.2, device=gpu)
    again = optim.build(other, settings, gpu)
    checkpoint.load(saved.path, other, again, gpu)
    assert train(other, again, 11, 20, settings=settings, autocast=torch.bfloat16) == expected

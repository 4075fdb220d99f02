"""DPO: it starts at ln 2, its reference never moves, and its loss is the paper's."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from msopt_tui.ml import lora
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.tasks.preference import PreferenceTuning
from tests.ml import hub_standins as standins
from tests.ml import task_projects as projects
from tests.projects import state_of

pytest.importorskip("peft")


def project(folder: Path, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    texts = [str(row) for row in projects.rows("preference")]
    standins.model(folder / "model", "gpt2", texts)
    model = (
        '[model]\npretrained = "model"\ndropout = 0.1\n[model.lora]\nr = 8\nalpha = 16\ntarget_modules = "all-linear"'
    )
    return projects.write(folder, "preference", model=model, steps=int(str(changes.get("steps", 40))))


def test_it_starts_at_ln_2_and_learns_to_prefer(tmp_path: Path) -> None:
    state = state_of(projects.run(project(tmp_path)))
    first, best = state.evaluations[0].metrics, state.best.metrics if state.best else {}
    # The adapters add nothing yet, so that every pair has the same reward: ln 2, and equal rewards count as wrong.
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-6)
    assert first["reward_margin"] == pytest.approx(0.0, abs=1e-6)
    assert first["reward_accuracy"] == 0.0
    assert best["reward_accuracy"] > 90  # type: ignore[operator]  # a number, or the comparison fails
    assert best["loss"] < 0.9 * math.log(2)  # type: ignore[operator]  # likewise


class Plain(PreferenceTuning):
    """The task over given log-likelihoods of a policy and its reference."""

    def __init__(self, policy: torch.Tensor, reference: torch.Tensor, beta: float) -> None:
        self._policy, self._reference, self._beta = policy, reference, beta

    def _rewards(self, batch: Batch) -> torch.Tensor:
        return self._beta * (self._policy - self._reference)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_the_loss_is_the_papers(smoothing: float) -> None:
    random = torch.Generator().manual_seed(1)
    policy, reference = (torch.randn(2, 6, generator=random) * 5 - 20 for _ in range(2))
    beta = 0.3
    expected = 0.0
    for pair in range(6):
        ratio = [float(policy[side, pair] - reference[side, pair]) for side in range(2)]
        lead = beta * (ratio[0] - ratio[1])
        expected -= (1 - smoothing) * math.log(1 / (1 + math.exp(-lead))) + smoothing * math.log(
            1 / (1 + math.exp(lead))
        )
    ours = Plain(policy, reference, beta).loss(Batch({}, 6, 6), smoothing)
    assert float(ours) == pytest.approx(expected, rel=1e-5)


def test_without_adapters_the_model_is_what_it_was_and_afterwards_what_it_is() -> None:
    from msopt_tui.config.schema import LoraTable
    from tests.ml.tiny import network, rows

    model = network("llama", initializer_range=0.3).eval()
    ids = rows(1)
    before = model(input_ids=ids).logits.detach()
    lora.add(model, LoraTable(r=4), "base")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    changed = model(input_ids=ids).logits.detach()
    assert not torch.allclose(before, changed)
    with lora.without_adapters(model):
        assert torch.equal(model(input_ids=ids).logits.detach(), before)
    assert torch.equal(model(input_ids=ids).logits.detach(), changed)
    learning = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert learning
    assert all("lora_" in name for name in learning)

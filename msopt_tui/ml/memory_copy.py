"""Weights, optimiser state and random numbers put aside in memory: what a race goes back to between its heats."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml import rng
from msopt_tui.ml.optim import AdamW


@dataclass(frozen=True, slots=True)
class Copy:
    """On the CPU, three times the trainable weights."""

    weights: list[torch.Tensor]
    optimizer: dict[str, torch.Tensor]
    random: dict[str, torch.Tensor]


def take(model: PreTrainedModel, optimizer: AdamW, device: torch.device) -> Copy:
    """Copy what training changes; frozen weights stay where they are."""
    weights = [parameter.detach().to("cpu", copy=True) for parameter in _trained(model)]
    state = {name: tensor.to("cpu", copy=True) for name, tensor in optimizer.state().items()}
    return Copy(weights, state, rng.capture(device))


@torch.no_grad()
def put_back(copy: Copy, model: PreTrainedModel, optimizer: AdamW, device: torch.device) -> None:
    """As it was."""
    for parameter, kept in zip(_trained(model), copy.weights, strict=True):
        parameter.copy_(kept)
    optimizer.load_state(copy.optimizer)
    rng.restore(copy.random, device)


def _trained(model: PreTrainedModel) -> list[torch.nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]

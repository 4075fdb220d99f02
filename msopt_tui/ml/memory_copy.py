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

    weights: dict[str, torch.Tensor]
    optimizer: dict[str, torch.Tensor]
    random: dict[str, torch.Tensor]


def take(model: PreTrainedModel, optimizer: AdamW, device: torch.device) -> Copy:
    """Copy what training changes; frozen weights stay where they are."""
    weights = {
        name: parameter.detach().to("cpu", copy=True)
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
    state = {name: tensor.to("cpu", copy=True) for name, tensor in optimizer.state().items()}
    return Copy(weights, state, rng.capture(device))


@torch.no_grad()
def put_back(copy: Copy, model: PreTrainedModel, optimizer: AdamW, device: torch.device) -> None:
    """As it was; what was frozen when it was taken is left alone, and the same must be frozen now."""
    for name, parameter in model.named_parameters():
        if name in copy.weights:
            parameter.copy_(copy.weights[name])
    optimizer.load_state(copy.optimizer)
    rng.restore(copy.random, device)

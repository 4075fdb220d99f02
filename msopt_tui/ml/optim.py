"""AdamW with clipping in one call: little Python a step, no wait for the device, no step on a broken gradient.

`torch.optim.AdamW.step` looks every parameter up in dictionaries, groups them by device and counts a step tensor each,
which costs as much as the update itself where models are small. Here the lists are made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch.optim.adamw import adamw

from msopt_tui.config.schema import TrainTable

_FUSED_DEVICES = ("cpu", "cuda")


@dataclass(slots=True)
class Group:
    """Parameters that are decayed alike, with the moments of their gradients."""

    names: list[str]
    parameters: list[torch.Tensor]
    decays: bool
    exp_avgs: list[torch.Tensor]
    exp_avg_sqs: list[torch.Tensor]
    steps: list[torch.Tensor]
    """Updates so far, for each parameter; the fused kernel reads one shared tensor."""


def build(model: torch.nn.Module, train: TrainTable, device: torch.device) -> AdamW:
    """AdamW (arXiv:1711.05101) over the model's trainable parameters.

    Weight decay is for tensors of two or more dimensions, the embeddings among them, never for norms and biases: the
    common practice of GPT training since GPT-3. `adamw_torch_fused` falls back to torch's default implementation on
    devices without a fused kernel.
    """
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    fused = train.optim == "adamw_torch_fused" and device.type in _FUSED_DEVICES
    optimizer = AdamW(named, fused=fused, device=device, eps=train.adam_epsilon)
    apply(optimizer, train.learning_rate, train.weight_decay, (train.adam_beta1, train.adam_beta2))
    return optimizer


def apply(optimizer: AdamW, learning_rate: float, weight_decay: float, betas: tuple[float, float]) -> None:
    """What the next update uses; costs three assignments."""
    optimizer.learning_rate = learning_rate
    optimizer.weight_decay = weight_decay
    optimizer.betas = betas


class AdamW:
    """The optimiser of a training run: call `update` after the backward pass of a step."""

    def __init__(
        self, named: Iterable[tuple[str, torch.Tensor]], *, fused: bool, device: torch.device, eps: float
    ) -> None:
        pairs = list(named)
        assert pairs, "a model without trainable parameters has nothing to optimise"
        self.fused = fused
        self.eps = eps
        self.learning_rate = 0.0
        self.weight_decay = 0.0
        self.betas = (0.9, 0.999)
        self.device = device
        self._shared_step = torch.zeros((), dtype=torch.float32, device=device)
        halves = ([pair for pair in pairs if pair[1].ndim >= 2], [pair for pair in pairs if pair[1].ndim < 2])
        self.groups = [self._group(half, decays=half is halves[0]) for half in halves if half]
        self.parameters = [parameter for group in self.groups for parameter in group.parameters]

    def _group(self, pairs: list[tuple[str, torch.Tensor]], *, decays: bool) -> Group:
        parameters = [parameter for _, parameter in pairs]
        return Group(
            names=[name for name, _ in pairs],
            parameters=parameters,
            decays=decays,
            exp_avgs=[torch.zeros_like(parameter, requires_grad=False) for parameter in parameters],
            exp_avg_sqs=[torch.zeros_like(parameter, requires_grad=False) for parameter in parameters],
            steps=[self._shared_step if self.fused else torch.zeros(()) for _ in parameters],
        )

    @torch.no_grad()
    def update(self, max_norm: float) -> torch.Tensor:
        """Scale the gradients down to the 2-norm `max_norm` (0: leave them), update the weights, drop the gradients.

        Returns the norm before scaling as a 0-d tensor on the device. A norm that is not finite leaves weights and
        moments as they were. The fused kernel decides that on the device; the default implementation has to wait for
        the norm on the host.
        """
        gradients = [_gradient(parameter) for parameter in self.parameters]
        norm = _norm(gradients)
        if self.fused:
            self._fused(gradients, norm, max_norm)
        elif bool(torch.isfinite(norm)):
            _scale(gradients, norm, max_norm)
            self._default(gradients)
        self.zero_grad()
        return norm

    def _fused(self, gradients: list[torch.Tensor], norm: torch.Tensor, max_norm: float) -> None:
        """The kernel divides by `grad_scale` on its way, so that clipping costs no pass over the gradients."""
        broken = torch.isfinite(norm).logical_not_().to(torch.float32)
        scale = ((norm + _CLIP_EPS) / max_norm).clamp_(min=1.0) if max_norm > 0 else None
        self._shared_step.add_(1.0 - broken)
        start = 0
        for group in self.groups:
            end = start + len(group.parameters)
            torch._fused_adamw_(
                group.parameters,
                gradients[start:end],
                group.exp_avgs,
                group.exp_avg_sqs,
                [],
                group.steps,
                lr=self.learning_rate,
                beta1=self.betas[0],
                beta2=self.betas[1],
                weight_decay=self.weight_decay if group.decays else 0.0,
                eps=self.eps,
                amsgrad=False,
                maximize=False,
                grad_scale=scale,
                found_inf=broken,
            )
            start = end

    def _default(self, gradients: list[torch.Tensor]) -> None:
        start = 0
        for group in self.groups:
            end = start + len(group.parameters)
            adamw(
                group.parameters,
                gradients[start:end],
                group.exp_avgs,
                group.exp_avg_sqs,
                [],
                group.steps,
                foreach=self.device.type == "cuda",
                amsgrad=False,
                beta1=self.betas[0],
                beta2=self.betas[1],
                lr=self.learning_rate,
                weight_decay=self.weight_decay if group.decays else 0.0,
                eps=self.eps,
                maximize=False,
            )
            start = end

    def zero_grad(self) -> None:
        """Drop all gradients; the next backward pass makes new ones instead of adding to zeros."""
        for parameter in self.parameters:
            parameter.grad = None

    def state(self) -> dict[str, torch.Tensor]:
        """The live state, not a copy: `exp_avg.<parameter>`, `exp_avg_sq.<parameter>` and one `step` [] for all."""
        tensors = {"step": self.groups[0].steps[0]}
        for group in self.groups:
            for name, mean, square in zip(group.names, group.exp_avgs, group.exp_avg_sqs, strict=True):
                tensors[f"exp_avg.{name}"] = mean
                tensors[f"exp_avg_sq.{name}"] = square
        return tensors

    @torch.no_grad()
    def load_state(self, tensors: dict[str, torch.Tensor]) -> None:
        """Copy what `state` gave, from any device; raises KeyError for a missing tensor."""
        for name, target in self.state().items():
            target.copy_(tensors[name])
        # The default implementation counts every parameter by itself; they all count alike.
        for group in self.groups:
            for step in group.steps:
                step.copy_(tensors["step"])


_CLIP_EPS = 1e-6
"""Added to the norm before dividing by it, as `torch.nn.utils.clip_grad_norm_` does."""


@torch.no_grad()
def clip(parameters: Sequence[torch.Tensor], max_norm: float) -> torch.Tensor:
    """Scale the gradients of `parameters` down to the joint 2-norm `max_norm`; 0 only measures.

    Returns the norm before scaling as a 0-d tensor, without waiting for the device. `AdamW.update` does this by itself.
    """
    gradients = [_gradient(parameter) for parameter in parameters]
    norm = _norm(gradients)
    _scale(gradients, norm, max_norm)
    return norm


def _gradient(parameter: torch.Tensor) -> torch.Tensor:
    assert parameter.grad is not None, "every parameter takes part in the loss"
    return parameter.grad


def _norm(gradients: list[torch.Tensor]) -> torch.Tensor:
    norm: torch.Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    return norm


def _scale(gradients: list[torch.Tensor], norm: torch.Tensor, max_norm: float) -> None:
    if max_norm > 0:
        torch._foreach_mul_(gradients, (max_norm / (norm + _CLIP_EPS)).clamp_(max=1.0))

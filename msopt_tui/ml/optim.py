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
NORM_WINDOW = 50
"""Updates that the running mean of the gradient norm looks back on."""
NORM_ENOUGH = 30
"""Updates without which no norm is out of the ordinary."""
NORM_SKIPS = 100
"""After so many steps left out in a row the next is taken: what never ends is no accident."""


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
        self.skip_ratio = 0.0
        """Leave out a step whose gradient norm is so many times the recent mean: 0 leaves out only what is broken."""
        self._shared_step = torch.zeros((), dtype=torch.float32, device=device)
        self._ordinary = torch.zeros(2, dtype=torch.float32, device=device)
        self._norm_mean, self._skips = self._ordinary[0], self._ordinary[1]
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

        Returns the norm before scaling as a 0-d tensor on the device. A norm that is not finite, or far out of the
        ordinary where `skip_ratio` says so, leaves weights and moments as they were. The fused kernel decides that on
        the device; the default implementation has to wait for the norm on the host.
        """
        gradients = [_gradient(parameter) for parameter in self.parameters]
        norm = _norm(gradients)
        broken = self._broken(norm)
        if self.fused:
            self._fused(gradients, norm, broken, max_norm)
        elif not bool(broken):
            _scale(gradients, norm, max_norm)
            self._default(gradients)
        self.zero_grad()
        return norm

    def _broken(self, norm: torch.Tensor) -> torch.Tensor:
        """1.0 where the step must be left out, without waiting for the device: all of it stays there.

        The mean is part of the optimiser's state, so that a resumed run leaves out the same steps.
        """
        broken = torch.isfinite(norm).logical_not_().to(torch.float32)
        if not self.skip_ratio:
            return broken
        updates = self.groups[0].steps[0]
        # Half of the ratio is enough behind a step left out: bad data comes in stretches.
        bound = self._norm_mean * torch.where(self._skips > 0, 0.5 * self.skip_ratio, self.skip_ratio)
        odd = (norm > bound).logical_and_(updates >= NORM_ENOUGH)
        odd = odd.logical_and_(self._skips < NORM_SKIPS).to(torch.float32)
        weight = 1.0 / (updates + 1.0).clamp_(max=NORM_WINDOW)
        # What is taken after a long stretch left out is what is ordinary now.
        weight = torch.where(self._skips >= NORM_SKIPS, 1.0, weight)
        left_out = torch.maximum(broken, odd)
        known = torch.where(left_out > 0, self._norm_mean, norm)
        self._norm_mean.lerp_(known, weight)
        self._skips.add_(odd).mul_(odd)
        return left_out

    def _fused(self, gradients: list[torch.Tensor], norm: torch.Tensor, broken: torch.Tensor, max_norm: float) -> None:
        """The kernel divides by `grad_scale` on its way, so that clipping costs no pass over the gradients."""
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
        """The live state, not a copy: `exp_avg.<parameter>`, `exp_avg_sq.<parameter>`, one `step` [] for all, and
        `gradient_norm` [2]: its running mean and the steps left out in a row."""
        tensors = {"step": self.groups[0].steps[0], "gradient_norm": self._ordinary}
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

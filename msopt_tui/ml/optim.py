"""AdamW with clipping in one call: little Python a step, no wait for the device, no step on a broken gradient.

`torch.optim.AdamW.step` looks every parameter up in dictionaries, groups them by device and counts a step tensor each,
which costs as much as the update itself where models are small. Here the lists are made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import torch
from torch.optim.adamw import adamw

from msopt_tui.config.schema import TrainTable

_FUSED_DEVICES = ("cpu", "cuda")
NORM_WINDOW = 50
"""Updates that the running mean of the gradient norm looks back on."""
NORM_ENOUGH = 30
"""Updates without which no norm is out of the ordinary."""
EXP_AVG, EXP_AVG_SQ, STEP = "exp_avg.", "exp_avg_sq.", "step."
"""How the names of a parameter's tensors begin in the state."""
NORM_SKIPS = 100
"""After so many steps left out in a row the next is taken: what never ends is no accident."""


@dataclass(slots=True)
class Moments:
    """What the optimiser remembers of one parameter; kept while that is frozen."""

    exp_avg: torch.Tensor
    exp_avg_sq: torch.Tensor
    clock: torch.Tensor
    """Updates of this parameter so far; those that have always learned alike share one."""


@dataclass(slots=True)
class Group:
    """Parameters that are decayed alike, with the moments of their gradients."""

    names: list[str]
    parameters: list[torch.Tensor]
    decays: bool
    exp_avgs: list[torch.Tensor]
    exp_avg_sqs: list[torch.Tensor]
    clocks: list[torch.Tensor]
    """Updates so far, for each parameter."""


def build(model: torch.nn.Module, train: TrainTable, device: torch.device) -> AdamW:
    """AdamW (arXiv:1711.05101) over the model's trainable parameters; what is frozen may learn later (`follow`).

    Weight decay is for tensors of two or more dimensions, the embeddings among them, never for norms and biases: the
    common practice of GPT training since GPT-3. `adamw_torch_fused` falls back to torch's default implementation on
    devices without a fused kernel.
    """
    fused = train.optim == "adamw_torch_fused" and device.type in _FUSED_DEVICES
    optimizer = AdamW(model.named_parameters(), fused=fused, device=device, eps=train.adam_epsilon)
    apply(optimizer, train.learning_rate, train.weight_decay, (train.adam_beta1, train.adam_beta2))
    return optimizer


def apply(optimizer: AdamW, learning_rate: float, weight_decay: float, betas: tuple[float, float]) -> None:
    """What the next update uses; costs three assignments."""
    optimizer.learning_rate = learning_rate
    optimizer.weight_decay = weight_decay
    optimizer.betas = betas


class HalfUpdated(RuntimeError):
    """Out of memory with some weights updated and others not: nothing in memory is of use any more."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"out of memory in the middle of an update ({error}): resume from the last checkpoint")


class AdamW:
    """The optimiser of a training run: call `update` after the backward pass of a step."""

    def __init__(
        self, named: Iterable[tuple[str, torch.Tensor]], *, fused: bool, device: torch.device, eps: float
    ) -> None:
        self._named = dict(named)
        self.fused = fused
        self.eps = eps
        self.learning_rate = 0.0
        self.weight_decay = 0.0
        self.betas = (0.9, 0.999)
        self.device = device
        self.skip_ratio = 0.0
        """Leave out a step whose gradient norm is so many times the recent mean: 0 leaves out only what is broken."""
        # The fused kernel reads it on the device, the default implementation on the host.
        self._clock = torch.zeros((), dtype=torch.float32, device=device if fused else "cpu")
        self._ordinary = torch.zeros(3, dtype=torch.float32, device=device)
        self._norm_mean, self._skips, self._seen = self._ordinary.unbind()
        self._moments: dict[str, Moments] = {}
        self.groups: list[Group] = []
        self.parameters: list[torch.Tensor] = []
        self._learning = torch.zeros((), dtype=torch.int64)
        self._half_done = False
        for name, parameter in self._named.items():
            if parameter.requires_grad:
                self._moments[name] = self._fresh(parameter, self._clock)
        self._regroup()
        assert self.parameters, "a model without trainable parameters has nothing to optimise"
        self._learning.fill_(self._fingerprint())

    def _fresh(self, parameter: torch.Tensor, clock: torch.Tensor) -> Moments:
        mean, square = (torch.zeros_like(parameter, requires_grad=False) for _ in range(2))
        return Moments(mean, square, clock)

    def follow(self) -> None:
        """Bring what is updated in line with what of the model learns now.

        Moments of what is frozen stay as they are and count no updates meanwhile; what learns for the first time starts
        with none, its bias correction from the beginning.
        """
        new = torch.zeros_like(self._clock)
        for name, parameter in self._named.items():
            if parameter.requires_grad and name not in self._moments:
                self._moments[name] = self._fresh(parameter, new)
        self._regroup()
        running = {id(clock) for clock in self._running}
        stopped: dict[int, torch.Tensor] = {}
        for name, moments in self._moments.items():
            clock = moments.clock
            if not self._named[name].requires_grad and id(clock) in running:
                moments.clock = stopped.setdefault(id(clock), clock.clone())
        self._settle()

    def replace(self, named: Iterable[tuple[str, torch.Tensor]]) -> None:
        """Other parameters of the same names; those of another shape start without moments."""
        self._named = dict(named)
        for name, moments in list(self._moments.items()):
            if moments.exp_avg.shape != self._named[name].shape:
                del self._moments[name]
        self.follow()

    def _regroup(self) -> None:
        """Groups in the order of the model, so that sums over them round alike whatever was frozen on the way."""
        learning = [(name, parameter) for name, parameter in self._named.items() if parameter.requires_grad]
        halves = ([pair for pair in learning if pair[1].ndim >= 2], [pair for pair in learning if pair[1].ndim < 2])
        self.groups = [self._group(half, decays=half is halves[0]) for half in halves if half]
        self.parameters = [parameter for group in self.groups for parameter in group.parameters]
        running = {id(clock): clock for group in self.groups for clock in group.clocks}
        # The first counts steps of the run, whether or not a parameter still goes by it.
        self._running = list(({id(self._clock): self._clock} | running).values())

    def _group(self, pairs: list[tuple[str, torch.Tensor]], *, decays: bool) -> Group:
        moments = [self._moments[name] for name, _ in pairs]
        return Group(
            names=[name for name, _ in pairs],
            parameters=[parameter for _, parameter in pairs],
            decays=decays,
            exp_avgs=[one.exp_avg for one in moments],
            exp_avg_sqs=[one.exp_avg_sq for one in moments],
            clocks=[one.clock for one in moments],
        )

    def _fingerprint(self) -> int:
        """Which parameters learn, as a number."""
        return crc32("\n".join(name for group in self.groups for name in group.names).encode())

    def _settle(self) -> None:
        """Where other parameters learn than the recent norms were of, what is ordinary is to be found out anew."""
        now = self._fingerprint()
        if int(self._learning) != now:
            self._learning.fill_(now)
            self._ordinary.zero_()

    @torch.no_grad()
    def update(self, max_norm: float) -> torch.Tensor:
        """Scale the gradients down to the 2-norm `max_norm` (0: leave them), update the weights, drop the gradients.

        Returns the norm before scaling as a 0-d tensor on the device. A norm that is not finite, or far out of the
        ordinary where `skip_ratio` says so, leaves weights and moments as they were. The fused kernel decides that on
        the device; the default implementation has to wait for the norm on the host.

        Out of memory, everything is as it was, but for the gradients; raises HalfUpdated where it can't be.
        """
        gradients = self.gradients()
        norm = norm_of(gradients)
        counted = [self._ordinary, *self._running]
        before = [one.clone() for one in counted]
        try:
            self._take(gradients, norm, max_norm)
        except torch.OutOfMemoryError as error:
            if self._half_done:
                raise HalfUpdated(error) from error
            for one, was in zip(counted, before, strict=True):
                one.copy_(was)
            raise
        self.zero_grad()
        return norm

    def _take(self, gradients: list[torch.Tensor], norm: torch.Tensor, max_norm: float) -> None:
        self._half_done = False
        broken = self._broken(norm)
        if self.fused:
            self._fused(gradients, norm, broken, max_norm)
        elif not bool(broken):
            self._make_room()
            _scale(gradients, norm, max_norm)
            self._default(gradients)

    def _make_room(self) -> None:
        """Have the allocator find, before anything is changed, what the default implementation will ask for."""
        if self.device.type == "cuda":
            sizes = (sum(one.numel() * one.element_size() for one in group.parameters) for group in self.groups)
            torch.empty(max(sizes), dtype=torch.uint8, device=self.device)

    def _broken(self, norm: torch.Tensor) -> torch.Tensor:
        """1.0 where the step must be left out, without waiting for the device: all of it stays there.

        The mean is part of the optimiser's state, so that a resumed run leaves out the same steps.
        """
        broken = torch.isfinite(norm).logical_not_().to(torch.float32)
        if not self.skip_ratio:
            return broken
        # Half of the ratio is enough behind a step left out: bad data comes in stretches.
        bound = self._norm_mean * torch.where(self._skips > 0, 0.5 * self.skip_ratio, self.skip_ratio)
        odd = (norm > bound).logical_and_(self._seen >= NORM_ENOUGH)
        odd = odd.logical_and_(self._skips < NORM_SKIPS).to(torch.float32)
        weight = 1.0 / (self._seen + 1.0).clamp_(max=NORM_WINDOW)
        # What is taken after a long stretch left out is what is ordinary now.
        weight = torch.where(self._skips >= NORM_SKIPS, 1.0, weight)
        left_out = torch.maximum(broken, odd)
        known = torch.where(left_out > 0, self._norm_mean, norm)
        self._norm_mean.lerp_(known, weight)
        self._skips.add_(odd).mul_(odd)
        self._seen.add_(1.0 - left_out)
        return left_out

    def _fused(self, gradients: list[torch.Tensor], norm: torch.Tensor, broken: torch.Tensor, max_norm: float) -> None:
        """The kernel divides by `grad_scale` on its way, so that clipping costs no pass over the gradients."""
        scale = ((norm + _CLIP_EPS) / max_norm).clamp_(min=1.0) if max_norm > 0 else None
        taken = 1.0 - broken
        for clock in self._running:
            clock.add_(taken)
        start = 0
        for group in self.groups:
            end = start + len(group.parameters)
            torch._fused_adamw_(
                group.parameters,
                gradients[start:end],
                group.exp_avgs,
                group.exp_avg_sqs,
                [],
                group.clocks,
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
            self._half_done, start = True, end

    def _default(self, gradients: list[torch.Tensor]) -> None:
        start = 0
        for group in self.groups:
            end = start + len(group.parameters)
            # It counts by itself, every parameter on its own.
            steps = [clock.clone() for clock in group.clocks]
            self._half_done = True  # it changes the moments before it has all its memory
            adamw(
                group.parameters,
                gradients[start:end],
                group.exp_avgs,
                group.exp_avg_sqs,
                [],
                steps,
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
        for clock in self._running:
            clock.add_(1.0)

    def gradients(self) -> list[torch.Tensor]:
        """What the backward passes since the last update have left."""
        return [_gradient(parameter) for parameter in self.parameters]

    def zero_grad(self) -> None:
        """Drop all gradients; the next backward pass makes new ones instead of adding to zeros."""
        for parameter in self.parameters:
            parameter.grad = None

    def state(self) -> dict[str, torch.Tensor]:
        """The live state, but for clocks: `exp_avg.<parameter>`, `exp_avg_sq.<parameter>`, `step` [] of the run, for a
        parameter that was frozen at times a `step.<parameter>` of its own; `learning` []: which of them learn, hashed;
        and `gradient_norm` [3]: its running mean, the steps left out in a row, the updates it is a mean of."""
        tensors = {"step": self._clock, "gradient_norm": self._ordinary, "learning": self._learning}
        for name, moments in self._moments.items():
            tensors[EXP_AVG + name] = moments.exp_avg
            tensors[EXP_AVG_SQ + name] = moments.exp_avg_sq
            if moments.clock is not self._clock:
                tensors[STEP + name] = moments.clock.clone()
        return tensors

    def refuse(self, shapes: Mapping[str, list[int]]) -> None:
        """Raises ValueError for a state, given by its shapes, that is not of these parameters."""
        wanted: dict[str, list[int]] = {"step": [], "learning": []}
        wanted |= {STEP + name: [] for name in self._named}
        for prefix in (EXP_AVG, EXP_AVG_SQ):
            wanted |= {prefix + name: list(parameter.shape) for name, parameter in self._named.items()}
        wanted["gradient_norm"] = [min(3, *shapes.get("gradient_norm", [3]))]
        for name in ("step", "gradient_norm"):
            if name not in shapes:
                raise ValueError(f"has no {name}: it is of another architecture than this model")
        for name, shape in shapes.items():
            if name not in wanted:
                raise ValueError(f"has {name}, which this model has not: it is of another architecture")
            if shape != wanted[name]:
                raise ValueError(f"{name} is {shape} and this model's is {wanted[name]}")
        for name in shapes:
            twin = EXP_AVG_SQ + name.removeprefix(EXP_AVG)
            if name.startswith(EXP_AVG) and twin not in shapes:
                raise ValueError(f"has no {twin}: it is of another architecture than this model")

    @torch.no_grad()
    def load_state(self, tensors: dict[str, torch.Tensor]) -> None:
        """Copy what `state` gave, from any device. What is frozen now keeps what it had then; what learns now and did
        not then starts without moments. Raises KeyError where there is no state of a run."""
        self._clock.copy_(tensors["step"])
        clocks: dict[float, torch.Tensor] = {}
        for name, parameter in self._named.items():
            if EXP_AVG + name in tensors:
                moments = self._moments.get(name) or self._fresh(parameter, self._clock)
                moments.exp_avg.copy_(tensors[EXP_AVG + name])
                moments.exp_avg_sq.copy_(tensors[EXP_AVG_SQ + name])
                own = tensors.get(STEP + name)
                if own is None and parameter.requires_grad:
                    moments.clock = self._clock
                else:
                    updates = float(tensors["step"] if own is None else own)
                    shared = updates + 0.5 * (not parameter.requires_grad)  # apart from those that go on counting
                    moments.clock = clocks.setdefault(shared, torch.full_like(self._clock, updates))
                self._moments[name] = moments
            elif parameter.requires_grad:
                self._moments[name] = self._fresh(parameter, clocks.setdefault(0.0, torch.zeros_like(self._clock)))
            else:
                self._moments.pop(name, None)
        self._regroup()
        norm = tensors["gradient_norm"]
        self._ordinary[: len(norm)].copy_(norm)
        if len(norm) < len(self._ordinary):
            self._seen.copy_(tensors["step"])  # written when every update was counted in
        self._learning.copy_(tensors.get("learning", torch.tensor(self._fingerprint())))
        self._settle()


_CLIP_EPS = 1e-6
"""Added to the norm before dividing by it, as `torch.nn.utils.clip_grad_norm_` does."""


@torch.no_grad()
def clip(parameters: Sequence[torch.Tensor], max_norm: float) -> torch.Tensor:
    """Scale the gradients of `parameters` down to the joint 2-norm `max_norm`; 0 only measures.

    Returns the norm before scaling as a 0-d tensor, without waiting for the device. `AdamW.update` does this by itself.
    """
    gradients = [_gradient(parameter) for parameter in parameters]
    norm = norm_of(gradients)
    _scale(gradients, norm, max_norm)
    return norm


def _gradient(parameter: torch.Tensor) -> torch.Tensor:
    assert parameter.grad is not None, "every parameter takes part in the loss"
    return parameter.grad


def norm_of(gradients: list[torch.Tensor]) -> torch.Tensor:
    """Their joint 2-norm, on the device."""
    norm: torch.Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    return norm


def _scale(gradients: list[torch.Tensor], norm: torch.Tensor, max_norm: float) -> None:
    if max_norm > 0:
        torch._foreach_mul_(gradients, (max_norm / (norm + _CLIP_EPS)).clamp_(max=1.0))

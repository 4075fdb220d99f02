"""The rank of adapters: grown in place, and checkpoints of a lower rank read into it, with the same function.

What a layer adds is B·A times alpha / rank. New places begin as a new adapter's do: of the two matrices one is random
and the other nought, so that they add nothing yet and can learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from zlib import crc32

import msgspec
import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml.lora import DESCRIPTION, NAME, config_of, layers_of
from msopt_tui.ml.optim import EXP_AVG, EXP_AVG_SQ

_A, _B = ("lora_A.", "lora_embedding_A"), ("lora_B.", "lora_embedding_B")


class _Description(msgspec.Struct):
    r: int
    lora_alpha: float


@dataclass(frozen=True, slots=True)
class Rank:
    """How large adapters are, and what they are multiplied by."""

    r: int
    alpha: float

    @property
    def scaling(self) -> float:
        """What B·A is multiplied by."""
        return self.alpha / self.r


def rank_of(model: PreTrainedModel) -> Rank:
    """Of a model with adapters."""
    config = config_of(model)
    return Rank(int(config.r), float(config.lora_alpha))


def rank_in(path: Path) -> Rank:
    """Of the adapters in a checkpoint. Raises ValueError and OSError."""
    try:
        found = msgspec.json.decode((path / DESCRIPTION).read_bytes(), type=_Description)
    except msgspec.DecodeError as error:
        raise ValueError(f"{DESCRIPTION}: {error}") from error
    if found.r < 1 or not found.lora_alpha > 0:
        raise ValueError(f"{DESCRIPTION}: rank {found.r} and alpha {found.lora_alpha:g} are of no adapter")
    return Rank(found.r, found.lora_alpha)


def resize(model: PreTrainedModel, to: Rank) -> None:
    """Give every adapter another rank: grown it has the same function, cut it has not."""
    before = rank_of(model)
    for layer in layers_of(model).values():
        for name, table, end in ((_A[0], layer.lora_A, "out_features"), (_B[0], layer.lora_B, "in_features")):
            if NAME in table:
                linear = table[NAME]
                assert isinstance(linear, torch.nn.Linear), "as PEFT makes them"
                linear.weight = _parameter(name, linear.weight, before, to)
                setattr(linear, end, to.r)
        for name, own in ((_A[1], layer.lora_embedding_A), (_B[1], layer.lora_embedding_B)):
            if NAME in own:
                own[NAME] = _parameter(name, own[NAME], before, to)
        layer.r[NAME], layer.scaling[NAME] = to.r, to.scaling
        layer.lora_alpha[NAME] = to.alpha
    config = config_of(model)
    config.r = to.r
    config.lora_alpha = to.alpha  # type: ignore[assignment]  # used as a number, see `lora.add`


def _parameter(name: str, old: torch.Tensor, before: Rank, to: Rank) -> torch.nn.Parameter:
    found = widened(name, old.detach(), before, to) if to.r >= before.r else old.detach().narrow(_axis(name), 0, to.r)
    return torch.nn.Parameter(found.contiguous(), requires_grad=old.requires_grad)


def shapes_at(shapes: Mapping[str, list[int]], rank: int) -> dict[str, list[int]]:
    """Shapes of adapters' tensors as they would be at another rank."""
    changed = {name: list(shape) for name, shape in shapes.items()}
    for name, shape in changed.items():
        axis = _axis(name)
        if axis >= 0:
            shape[axis] = rank
    return changed


def widened(name: str, tensor: torch.Tensor, before: Rank, to: Rank) -> torch.Tensor:
    """A tensor of an adapter at a higher rank, so that all of them together do what they did.

    What is random is drawn from the tensor's name and shape alone: the same wherever it is read.
    """
    axis = _axis(name)
    if axis < 0 or before.r == to.r:
        return tensor
    kept = tensor * (before.scaling / to.scaling) if axis == 1 else tensor
    shape = list(tensor.shape)
    shape[axis] = to.r - before.r
    more = torch.zeros(shape, dtype=tensor.dtype)
    if any(part in name for part in (_A[0], _B[1])):
        draw = torch.Generator().manual_seed(crc32(f"{name}{shape}".encode()))
        # As PEFT begins them: a linear layer's A evenly within 1 / √inputs, an embedding's B normally.
        if axis == 0:
            more.uniform_(-1 / sqrt(shape[1]), 1 / sqrt(shape[1]), generator=draw)
        else:
            more.normal_(generator=draw)
    return torch.cat([kept, more.to(tensor.device)], axis)


def widened_moments(tensors: Mapping[str, torch.Tensor], before: Rank, to: Rank) -> dict[str, torch.Tensor]:
    """The optimiser's state of adapters at a higher rank: new places have no moments yet.

    Where B is scaled, its gradients are by as much less.
    """
    factor = to.scaling / before.scaling
    found: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        axis = _axis(name)
        power = 1 if name.startswith(EXP_AVG) else 2 if name.startswith(EXP_AVG_SQ) else 0
        if axis < 0 or not power:
            found[name] = tensor
            continue
        shape = list(tensor.shape)
        shape[axis] = to.r - before.r
        kept = tensor * factor**power if axis == 1 else tensor
        found[name] = torch.cat([kept, torch.zeros(shape, dtype=tensor.dtype, device=tensor.device)], axis)
    return found


def _axis(name: str) -> int:
    """Along which the rank lies: 0 of A, 1 of B, -1 where it is neither."""
    return 0 if any(part in name for part in _A) else 1 if any(part in name for part in _B) else -1

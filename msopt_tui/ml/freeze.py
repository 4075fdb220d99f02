"""Weights that do not learn (`model.freeze`): named by pieces of their names, as in `layers.0` or `h.[0-5].attn`."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

import torch

SHOWN = 5
"""Names that a message lists."""


def freeze(model: torch.nn.Module, patterns: Sequence[str]) -> int:
    """Switch learning off for every parameter that a pattern names; returns how many numbers these hold.

    A pattern is a run of whole pieces of the name between dots, so that `layers.1` is not `layers.10`; in each piece
    `*`, `?` and `[…]` mean what they mean in file names. A tied weight is found under both its names. Raises ValueError
    for a pattern that names nothing, and where nothing is left to learn; nothing is changed then.
    """
    frozen = frozen_by(model, patterns)
    for parameter in frozen:
        parameter.requires_grad = False
    return sum(parameter.numel() for parameter in frozen)


def freeze_only(model: torch.nn.Module, patterns: Sequence[str]) -> None:
    """The same, and everything else learns again, whatever was frozen before."""
    frozen = {id(parameter) for parameter in frozen_by(model, patterns)}
    for parameter in model.parameters():
        parameter.requires_grad = id(parameter) not in frozen
        if not parameter.requires_grad:
            parameter.grad = None


def frozen_by(model: torch.nn.Module, patterns: Sequence[str]) -> list[torch.nn.Parameter]:
    """The parameters that patterns name, each once. Raises ValueError as `freeze` does."""
    named = dict(model.named_parameters(remove_duplicate=False))
    found: dict[int, torch.nn.Parameter] = {}
    for pattern in patterns:
        these = {id(parameter): parameter for name, parameter in named.items() if matches(pattern, name)}
        if not these:
            raise ValueError(f"model.freeze: {pattern!r} names no part of this model; {_close(pattern, list(named))}")
        found |= these
    if len(found) == len({id(parameter) for parameter in named.values()}):
        raise ValueError(f"model.freeze: {', '.join(patterns)}: that is the whole model, and nothing would learn")
    return list(found.values())


def blocks(model: torch.nn.Module) -> tuple[str, ...]:
    """The layers of the network from the input on, named as patterns: those of its longest list of alike modules."""
    lists = [(name, module) for name, module in model.named_modules() if isinstance(module, torch.nn.ModuleList)]
    name, longest = max(lists, key=lambda found: len(found[1]), default=("", []))
    return tuple(f"{name}.{number}" for number in range(len(longest)))


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern names a parameter, or something that it is part of."""
    wanted, pieces = pattern.split("."), name.split(".")
    starts = range(len(pieces) - len(wanted) + 1)
    return any(all(map(fnmatchcase, pieces[start : start + len(wanted)], wanted)) for start in starts)


def _close(pattern: str, names: list[str]) -> str:
    """The parts of the model whose names are like the pattern; else what there is."""
    length = pattern.count(".") + 1
    parts: dict[str, None] = {}
    for name in names:
        pieces = name.split(".")
        for start in range(len(pieces) - length + 1):
            parts[".".join(pieces[start : start + length])] = None
    close = get_close_matches(pattern, list(parts), n=SHOWN, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    return "there are " + ", ".join(dict.fromkeys(name.rpartition(".")[0] for name in names[:SHOWN])) + ", …"

"""Reading a checkpoint: every byte is compared with the manifest before anything is changed in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml import lora, lora_rank, manifest, rng, tensor_files
from msopt_tui.ml.checkpoint.files import OPTIMIZER, RNG, TOKENIZER, WEIGHTS, stored, weights_file
from msopt_tui.ml.checkpoint.state import STATE, CheckpointError, TrainingState, read_state, refuse_newer
from msopt_tui.ml.lora import ADAPTER
from msopt_tui.ml.optim import AdamW

_WITHOUT = {ADAPTER: "one without adapters", WEIGHTS: "one with adapters"}
"""What a run must be that can't use a file of weights."""


def load(path: Path, model: PreTrainedModel, optimizer: AdamW | None, device: torch.device) -> TrainingState:
    """Put a checkpoint's weights, optimiser state and generators in force; without `optimizer` only the weights.

    Adapters of a lower rank than the model's are read so that they do what they did. Raises CheckpointError, with
    nothing changed: damaged, of a newer version, or of another shape than `model`.
    """
    state = check(path, model=model)
    try:
        weights = tensor_files.read(path / weights_file(model))
        moments = tensor_files.read(path / OPTIMIZER) if optimizer else {}
        if lora.is_adapted(model):
            before, now = lora_rank.rank_in(path), lora_rank.rank_of(model)
            if before.r < now.r:
                weights = {name: lora_rank.widened(name, one, before, now) for name, one in weights.items()}
                moments = lora_rank.widened_moments(moments, before, now)
        generators = tensor_files.read(path / RNG) if optimizer else {}
        if optimizer:
            _fit(optimizer, moments)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path.name}: {error}") from error
    with torch.no_grad():
        for name, target in stored(model).items():
            target.copy_(weights[name])
    if optimizer:
        optimizer.load_state(moments)
        rng.restore(generators, device)
    return state


def _fit(optimizer: AdamW, moments: Mapping[str, torch.Tensor]) -> None:
    """Raises ValueError for the moments of other parameters; of what was frozen then, or is now, there may be none."""
    try:
        optimizer.refuse({name: list(tensor.shape) for name, tensor in moments.items()})
    except ValueError as error:
        raise ValueError(f"{OPTIMIZER}: {error}") from error


def check(path: Path, *, model: PreTrainedModel | None = None, tokenizer_dir: Path | None = None) -> TrainingState:
    """Read every byte of a checkpoint and compare it with its manifest; returns its counters and settings.

    With `model` its weights must fit that, with `tokenizer_dir` its tokenizer must be that one. Raises CheckpointError.
    """
    try:
        sealed = manifest.read(path)
        refuse_newer(sealed.format)
        weights = ADAPTER if ADAPTER in sealed.files else WEIGHTS
        lacking = {weights, OPTIMIZER, RNG, STATE} - sealed.files.keys()
        if lacking:
            raise ValueError(f"{manifest.NAME}: does not name {', '.join(sorted(lacking))}")
        manifest.verify(path, sealed)
        if model is not None:
            if weights != weights_file(model):
                raise ValueError(f"{weights}: this run is {_WITHOUT[weights]}: [model.lora] is not what it was")
            wanted = {name: list(tensor.shape) for name, tensor in stored(model).items()}
            if lora.is_adapted(model):
                wanted = lora_rank.shapes_at(wanted, min(lora_rank.rank_in(path).r, lora_rank.rank_of(model).r))
            _match(weights, tensor_files.shapes(path / weights), wanted)
        if tokenizer_dir is not None:
            expected = manifest.sha256(tokenizer_dir / TOKENIZER)
            if TOKENIZER not in sealed.files or sealed.files[TOKENIZER].sha256 != expected:
                raise ValueError(f"{TOKENIZER}: is another tokenizer than this run's")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path.name}: {error}") from error
    return read_state(path)


def _match(file: str, found: Mapping[str, list[int]], wanted: Mapping[str, list[int]]) -> None:
    """Raises ValueError where names or shapes differ."""
    for name, shape in wanted.items():
        if name not in found:
            raise ValueError(f"{file}: has no {name}: it is of another architecture than this model")
        if found[name] != shape:
            raise ValueError(
                f"{file}: {name} is {found[name]} and this model's is {shape}: "
                "[model], [tokenizer] or data.max_length is not what the checkpoint was trained with"
            )
    surplus = sorted(found.keys() - wanted.keys())
    if surplus:
        raise ValueError(f"{file}: has {surplus[0]}, which this model has not: it is of another architecture")

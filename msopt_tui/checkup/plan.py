"""The plan of a project: network, steps, memory, disk, in numbers and in lines."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from msopt_tui.config.presets import short_name
from msopt_tui.config.schema import Config
from msopt_tui.state.numbers import compact, size

if TYPE_CHECKING:
    from msopt_tui.data.prepare import PreparedData


class Plan(msgspec.Struct, frozen=True):
    """What training would take. Sizes in bytes."""

    project: str
    description: str
    task: str
    data_key: str
    """Hash of everything that went into the data."""
    data_cached: bool
    data_seconds: float
    vocab_size: int
    model: str
    parameters: int
    trainable: int
    flops_per_token: float
    memory: int
    """Weights, gradients and optimiser state; activations come on top."""
    device: str
    dtype: str
    """Of the matrix products."""
    steps: int
    """Optimiser steps of a round."""
    rows_per_step: int
    tokens_per_step: int
    """Positions, filled up or not."""
    epochs: float
    max_rounds: int
    refine_mode: str
    flops: float
    """Of a round."""
    checkpoints: int
    """Kept at the same time."""
    checkpoint: int
    disk_free: int


def plan_of(config: Config, prepared: PreparedData, base_dir: Path) -> Plan:
    """Size everything without allocating it. Raises DataError or ValueError with the way out."""
    from msopt_tui.ml import device, network
    from msopt_tui.steps.session import rows_per_step, steps_in_round

    where = device.pick_device(config.resources)
    facts = network.estimate(config, prepared, base_dir)
    steps, rows = steps_in_round(config, prepared), rows_per_step(config)
    tokens = rows * config.data.max_length
    stored = facts.trainable if config.model.lora.r else facts.parameters
    return Plan(
        project=config.project.name,
        description=config.project.description,
        task=config.task.name,
        data_key=prepared.key,
        data_cached=prepared.cached,
        data_seconds=prepared.seconds,
        vocab_size=prepared.vocab_size,
        model=short_name(config.model),
        parameters=facts.parameters,
        trainable=facts.trainable,
        flops_per_token=facts.flops_per_token,
        memory=facts.bytes,
        device=str(where),
        dtype=str(device.autocast_dtype(where, config.train.bf16) or "float32").removeprefix("torch."),
        steps=steps,
        rows_per_step=rows,
        tokens_per_step=tokens,
        epochs=steps * rows / max(prepared.training_rows(config.data.max_length), 1),
        max_rounds=config.refine.max_rounds,
        refine_mode=config.refine.mode,
        flops=steps * tokens * facts.flops_per_token,
        checkpoints=config.train.save_total_limit,
        checkpoint=4 * stored + 8 * facts.trainable,
        disk_free=shutil.disk_usage(Path.cwd()).free,
    )


def plan_lines(plan: Plan) -> list[str]:
    """A fact a line."""
    learning = "" if plan.trainable == plan.parameters else f" ({plan.trainable:,} of them learn)"
    tokens = f"{compact(plan.tokens_per_step)} tokens at most"
    rows = [
        ("project", f"{plan.project}  {plan.description}".rstrip()),
        ("task", plan.task),
        ("data", f"{plan.data_key[:12]} {'from the cache' if plan.data_cached else f'in {plan.data_seconds:.1f} s'}"),
        ("vocabulary", f"{plan.vocab_size:,} tokens"),
        (
            "model",
            f"{plan.model}, {plan.parameters:,} parameters{learning}, {compact(plan.flops_per_token)} FLOPs a token",
        ),
        ("memory", f"{size(plan.memory)} for weights, gradients and optimiser state, activations not counted"),
        ("device", f"{plan.device} in {plan.dtype}"),
        ("round", f"{plan.steps:,} steps of {plan.rows_per_step:,} rows ({tokens}) = {plan.epochs:.1f} epochs"),
        ("rounds", f"at most {plan.max_rounds}, refine.mode = {plan.refine_mode}"),
        ("compute", f"{plan.flops:.2e} FLOPs a round at most"),
        ("disk", f"{plan.checkpoints} checkpoints of {size(plan.checkpoint)} (free: {size(plan.disk_free)})"),
    ]
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {text}" for name, text in rows]


def warnings(plan: Plan) -> list[str]:
    """What will probably go wrong."""
    fits = plan.checkpoint * (plan.checkpoints + 1) <= plan.disk_free
    return [] if fits else ["the checkpoints may not fit on this disk"]

"""`state.json` of a checkpoint: where the run stood, besides its tensors."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import torch

from msopt_tui.config.fields import Scalar
from msopt_tui.data.order import Stretch
from msopt_tui.ml.device import describe

FORMAT = 1
"""Version of a checkpoint's layout; a newer one is refused."""
STATE = "state.json"


class CheckpointError(ValueError):
    """A checkpoint that can't be written, or can't be used; the message names it and says why."""


class TrainingState(msgspec.Struct, frozen=True, kw_only=True):
    """Counters and settings of a run between two steps."""

    format: int = FORMAT
    step: int
    """Optimiser steps done, all rounds counted."""
    round: int
    from_step: int | None = None
    """Checkpoint the round began with; `None` for the initial weights."""
    round_first_step: int
    """Steps done before the round."""
    round_last_step: int
    tokens: int
    """Tokens trained on."""
    settings: dict[str, Scalar] = {}
    """Settings in force that are not as the project file has them, by dotted key."""
    best_step: int | None = None
    best_loss: float = math.inf
    """Validation loss at the best step (nats a target); infinite before the first."""
    best_cost: float = math.inf
    """What the best checkpoint is told by: the metric, or its negative where higher is better."""
    evaluations_since_best: int = 0
    spent: dict[str, int] = {}
    """Tokens by use: trained, evaluated, probed; empty in checkpoints from before it was kept."""
    last_evaluated_step: int = -1
    stretches: list[Stretch] = []
    """How many rows its steps learned from; empty in checkpoints from before that could change."""
    seed: int = 0
    data_key: str = ""
    """Hash of everything that went into the prepared data."""
    base: str = ""
    """Hash of the frozen weights that adapters learnt beside; empty where the checkpoint holds all weights."""
    torch_version: str = ""
    """Version; filled in when it is saved, like device and threads."""
    device: str = ""
    threads: int = 0

    def taken_here(self, device: torch.device) -> TrainingState:
        """The same with this process's torch, device and threads."""
        return msgspec.structs.replace(
            self, torch_version=str(torch.__version__), device=describe(device), threads=torch.get_num_threads()
        )

    def encode(self) -> bytes:
        """As JSON, which has no infinity: what is not finite is left out and read back as its default, infinity."""
        fields = msgspec.to_builtins(self)
        finite = {key: value for key, value in fields.items() if not isinstance(value, float) or math.isfinite(value)}
        return msgspec.json.format(msgspec.json.encode(finite), indent=2) + b"\n"


class _Format(msgspec.Struct):
    format: int


def read_state(path: Path) -> TrainingState:
    """Counters and settings of the checkpoint `path`, without its tensors and without checking it.

    Raises CheckpointError.
    """
    try:
        content = (path / STATE).read_bytes()
        refuse_newer(msgspec.json.decode(content, type=_Format).format)
        return msgspec.json.decode(content, type=TrainingState)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path.name}: {STATE}: {error}") from error


def refuse_newer(found: int) -> None:
    """Raises ValueError for a version that only a later program knows."""
    if found > FORMAT:
        raise ValueError(f"written by a newer msopt-tui (format {found}, this one reads up to {FORMAT}): update it")


def differences(state: TrainingState, device: torch.device) -> list[str]:
    """What is not as it was when the checkpoint was written and may change the last bits, in words."""
    now = state.taken_here(device)
    pairs = (
        ("torch", state.torch_version, now.torch_version),
        ("device", state.device, now.device),
        ("CPU threads", str(state.threads), str(now.threads)),
    )
    return [f"{what} {then}, now {today}" for what, then, today in pairs if then != today]

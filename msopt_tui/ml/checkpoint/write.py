"""Writing a checkpoint: beside its place, flushed, then renamed, so that a crash leaves the old one or the new."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml import manifest, rng, tensor_files
from msopt_tui.ml.checkpoint.files import OPTIMIZER, RNG, write_model
from msopt_tui.ml.checkpoint.shelf import ASIDE, UNFINISHED, path_of, tidy
from msopt_tui.ml.checkpoint.state import FORMAT, STATE, CheckpointError, TrainingState
from msopt_tui.ml.optim import AdamW


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that is complete on the disk."""

    path: Path
    bytes: int


def save(
    checkpoints_dir: Path,
    model: PreTrainedModel,
    optimizer: AdamW,
    tokenizer_dir: Path,
    state: TrainingState,
    device: torch.device,
) -> Saved:
    """Write `checkpoint-<step>`; one of that step is replaced.

    Raises CheckpointError where it can't be written (disk full); what was there before stays as it was.
    """
    target = path_of(checkpoints_dir, state.step)
    try:
        checkpoints_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        tidy(checkpoints_dir)
        unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=checkpoints_dir))
        try:
            write_model(model, tokenizer_dir, unfinished, as_published=False)
            tensor_files.write(unfinished / OPTIMIZER, optimizer.state())
            tensor_files.write(unfinished / RNG, rng.capture(device))
            (unfinished / STATE).write_bytes(state.taken_here(device).encode())
            size = manifest.seal(unfinished, FORMAT)
            put(unfinished, target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    except OSError as error:
        raise CheckpointError(f"{target.name} could not be saved: {error}") from error
    return Saved(target, size)


def put(unfinished: Path, target: Path) -> None:
    """Rename into place. Two renames where there is one already, because a directory can't be renamed over another."""
    parent = target.parent
    aside = parent / (ASIDE + target.name)
    if target.exists():
        target.rename(aside)
    try:
        unfinished.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise
    manifest.flush(parent)
    if aside.exists():
        shutil.rmtree(aside)


def point(file: Path, name: str) -> None:
    """Have the small text file `file` name a checkpoint: old or new content, nothing between.

    Raises CheckpointError.
    """
    beside = file.with_name(f".{file.name}.tmp")
    try:
        beside.write_text(name + "\n", encoding="utf-8")
        manifest.flush(beside)
        beside.replace(file)
        manifest.flush(file.parent)
    except OSError as error:
        raise CheckpointError(f"{file.name} could not be written: {error}") from error

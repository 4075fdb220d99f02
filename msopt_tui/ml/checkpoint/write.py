"""Writing a checkpoint: beside its place, flushed, then renamed, so that a crash leaves the old one or the new.

First a `Snapshot` in memory, on the thread that trains; then `store` writes it, on any thread and without torch.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml import manifest, rng, tensor_files
from msopt_tui.ml.checkpoint.files import OPTIMIZER, RNG, described, stored, tokenizer_files, weights_file
from msopt_tui.ml.checkpoint.shelf import ASIDE, UNFINISHED, path_of, tidy
from msopt_tui.ml.checkpoint.state import FORMAT, STATE, CheckpointError, TrainingState
from msopt_tui.ml.optim import AdamW


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that is complete on the disk."""

    path: Path
    bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a checkpoint will hold, in memory of its own."""

    step: int
    texts: dict[str, bytes]
    """Small files by name."""
    tensors: dict[str, tensor_files.Copied]
    """Tensor files by name: three times the trainable weights."""
    tokenizer_dir: Path

    @property
    def bytes(self) -> int:
        """Of all tensors."""
        return sum(content.size for content in self.tensors.values())


def snapshot(
    model: PreTrainedModel, optimizer: AdamW, tokenizer_dir: Path, state: TrainingState, device: torch.device
) -> Snapshot:
    """Copy everything that training goes on changing. Raises CheckpointError where there is no memory for it."""
    live = {weights_file(model): stored(model), OPTIMIZER: optimizer.state(), RNG: rng.capture(device)}
    try:
        tensors = {name: tensor_files.copy(group) for name, group in live.items()}
    except MemoryError as error:
        raise CheckpointError(f"{path_of(Path(), state.step)} could not be saved: no memory for a copy") from error
    return Snapshot(state.step, {**described(model), STATE: state.taken_here(device).encode()}, tensors, tokenizer_dir)


def store(
    checkpoints_dir: Path,
    snapshot: Snapshot,
    wrote: Callable[[int], None] = lambda _: None,
    ready: Callable[[], None] = lambda: None,
    pause: Callable[[], None] = lambda: None,
) -> Saved:
    """Write `checkpoint-<step>`; one of that step is replaced. Only one at a time in a directory.

    `wrote` hears of the tensors' bytes as they are written, `Snapshot.bytes` in all; `ready` is called when they are on
    the disk, before the checkpoint takes its place; `pause` is called between pieces of work that hold the interpreter.

    Raises CheckpointError where it can't be written (disk full); what was there before stays as it was.
    """
    target = path_of(checkpoints_dir, snapshot.step)
    try:
        checkpoints_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        tidy(checkpoints_dir)
        unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=checkpoints_dir))
        try:
            size = _write(unfinished, snapshot, wrote, pause)
            ready()
            pause()
            put(unfinished, target)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    except OSError as error:
        raise CheckpointError(f"{target.name} could not be saved: {error}") from error
    return Saved(target, size)


def save(
    checkpoints_dir: Path,
    model: PreTrainedModel,
    optimizer: AdamW,
    tokenizer_dir: Path,
    state: TrainingState,
    device: torch.device,
) -> Saved:
    """Both at once, for whoever does not train meanwhile; raises CheckpointError as they do."""
    return store(checkpoints_dir, snapshot(model, optimizer, tokenizer_dir, state, device))


def _write(unfinished: Path, snapshot: Snapshot, wrote: Callable[[int], None], pause: Callable[[], None]) -> int:
    """Every file, on the disk; returns the bytes of all."""
    texts = {path.name: path.read_bytes() for path in tokenizer_files(snapshot.tokenizer_dir)} | snapshot.texts
    entries: dict[str, manifest.FileEntry] = {}
    for name, text in texts.items():
        pause()
        entries[name] = manifest.write(unfinished / name, [text])
    for name, content in snapshot.tensors.items():
        pause()
        entries[name] = manifest.write(unfinished / name, content, wrote)
    pause()
    return manifest.seal(unfinished, FORMAT, entries)


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

"""Where a run is taken up again: the newest checkpoint that proves whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msopt_tui.ml import checkpoint
from msopt_tui.protocol.events import Event, Noted
from msopt_tui.runs.directory import RunDirectory


def choose(directory: RunDirectory, emit: Callable[[Event], None]) -> Path | None:
    """The checkpoint to go on from; `None` for a run that never saved one.

    Raises CheckpointError where there are checkpoints and none can be used: starting from zero in silence would
    throw work away.
    """

    def report(text: str) -> None:
        emit(Noted(level="warning", text=text))

    found = checkpoint.newest_valid(directory.checkpoints, report)
    if found is None and checkpoint.list_steps(directory.checkpoints):
        raise checkpoint.CheckpointError(
            f"no checkpoint in {directory.checkpoints} can be used (see the lines before): "
            "restore one from a copy, or start a new run"
        )
    return found


def branched(directory: RunDirectory) -> Path | None:
    """The checkpoint that a branch begins with; `None` for a run of its own."""
    steps = checkpoint.list_steps(directory.start)
    return directory.start / f"checkpoint-{steps[0]}" if steps else None


def read(path: Path) -> checkpoint.TrainingState:
    """Counters and settings of a checkpoint, without its weights."""
    return checkpoint.read_state(path)

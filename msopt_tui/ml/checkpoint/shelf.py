"""The directory that a run's checkpoints stand in: which are there, which can be used, which go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml.checkpoint.read import check
from msopt_tui.ml.checkpoint.state import CheckpointError
from msopt_tui.runs.pins import steps_of

UNFINISHED, ASIDE = ".tmp-", ".old-"
"""How the names begin of what is being written or removed, and of what makes way for another save of the same step."""


def path_of(checkpoints_dir: Path, step: int) -> Path:
    """Where the checkpoint of a step stands."""
    return checkpoints_dir / f"checkpoint-{step}"


def list_steps(checkpoints_dir: Path) -> list[int]:
    """Steps of the checkpoints there, whole or not, in ascending order."""
    return steps_of(checkpoints_dir)


def tidy(checkpoints_dir: Path) -> None:
    """Remove what a killed save left behind, and put back a checkpoint that it had moved aside.

    Only for the process that holds the run's lock.
    """
    for path in checkpoints_dir.glob(UNFINISHED + "*"):
        shutil.rmtree(path)
    for path in checkpoints_dir.glob(ASIDE + "*"):
        target = checkpoints_dir / path.name.removeprefix(ASIDE)
        if target.exists():
            shutil.rmtree(path)
        else:
            path.rename(target)


def newest_valid(
    checkpoints_dir: Path,
    report: Callable[[str], None],
    *,
    model: PreTrainedModel | None = None,
    tokenizer_dir: Path | None = None,
) -> Path | None:
    """The newest checkpoint that stands up to `check`; one that does not is passed over and reported.

    Only for the process that holds the run's lock: what a killed save left is tidied up first.
    """
    if checkpoints_dir.is_dir():
        tidy(checkpoints_dir)
    for step in reversed(list_steps(checkpoints_dir)):
        path = path_of(checkpoints_dir, step)
        try:
            check(path, model=model, tokenizer_dir=tokenizer_dir)
        except CheckpointError as error:
            report(f"passed over {error}")
        else:
            return path
    return None


def retain(checkpoints_dir: Path, limit: int, keep: set[int]) -> list[int]:
    """Remove the oldest checkpoints until `limit` are left; returns the steps removed, oldest first.

    Never the newest, never one of `keep` (the best, pinned ones), and none at all unless one that stays stands up to
    `check`.
    """
    steps = list_steps(checkpoints_dir)
    removable = [step for step in steps[:-1] if step not in keep]
    surplus = removable[: max(0, len(steps) - limit)]
    staying = [step for step in steps if step not in surplus]
    if not surplus or not any(_is_valid(path_of(checkpoints_dir, step)) for step in reversed(staying)):
        return []
    for step in surplus:
        # First out of sight: half a checkpoint must never be taken for one.
        gone = checkpoints_dir / f"{UNFINISHED}removed-{step}"
        path_of(checkpoints_dir, step).rename(gone)
        shutil.rmtree(gone)
    return surplus


def _is_valid(path: Path) -> bool:
    try:
        check(path)
    except CheckpointError:
        return False
    return True

"""New runs from old ones: a branch from a checkpoint with edited settings, a replay of every intervention.

Imports neither torch nor the engine, like `launch`.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from msopt_tui.config.dump import to_toml
from msopt_tui.config.fields import Scalar
from msopt_tui.config.load import load_project
from msopt_tui.config.presets import short_name
from msopt_tui.config.schema import Config
from msopt_tui.runs import directory as directories
from msopt_tui.runs.directory import RunDirectory, write_text_atomic
from msopt_tui.runs.pins import steps_of, words
from msopt_tui.runs.record import RunMeta, read_meta, write_meta


class BranchError(ValueError):
    """A run that nothing can be begun from; the message says why and what there is."""


class _Facts(msgspec.Struct):
    """What a branch reads of a checkpoint's `state.json`."""

    settings: dict[str, Scalar] = {}


def branch(parent: RunDirectory, step: int | None, overrides: Sequence[str], runs_dir: Path) -> RunDirectory:
    """A new run that goes on from a checkpoint of another (`None`: its latest), with its settings and these over them.

    Raises BranchError, ConfigError for settings that make no sense, and OSError where it can't be written.
    """
    steps = steps_of(parent.checkpoints)
    if not steps or (step is not None and step not in steps):
        wanted = f"checkpoint {step}" if step is not None else "checkpoint"
        raise BranchError(f"{parent.name} has no {wanted}: {words(steps)}")
    at = steps[-1] if step is None else step
    checkpoint = parent.checkpoint(at)
    try:
        facts = msgspec.json.decode((checkpoint / "state.json").read_bytes(), type=_Facts)
    except (OSError, ValueError) as error:
        raise BranchError(f"{checkpoint.name} of {parent.name} can't be used: {error}") from error
    in_force = [f"{key}={value}" for key, value in facts.settings.items()]
    config = load_project(parent.config, [*in_force, *overrides])
    new = _create(
        parent, config, runs_dir, RunMeta(run="", project="", created=0.0, parent=parent.name, parent_step=at)
    )
    _copy(checkpoint, new.start / checkpoint.name)
    return new


def replay(of: RunDirectory, runs_dir: Path) -> RunDirectory:
    """A new run that repeats another from its beginning, with every intervention at its step.

    Raises BranchError, ConfigError and OSError.
    """
    if not of.events.exists():
        raise BranchError(f"{of.name} has no journal to repeat")
    meta = read_meta(of.meta)
    again = RunMeta(
        run="",
        project="",
        created=0.0,
        parent=meta.parent if meta else "",
        parent_step=meta.parent_step if meta else None,
        replay_of=str(of.path.absolute()),
    )
    new = _create(of, load_project(of.config), runs_dir, again)
    for checkpoint in of.start.glob("checkpoint-*"):
        _copy(checkpoint, new.start / checkpoint.name)
    return new


def _create(parent: RunDirectory, config: Config, runs_dir: Path, meta: RunMeta) -> RunDirectory:
    before = read_meta(parent.meta)
    directory = directories.create(runs_dir, config.project.name, short_name(config.model))
    write_text_atomic(directory.config, to_toml(config))
    write_meta(
        directory.meta,
        msgspec.structs.replace(
            meta,
            run=directory.name,
            project=config.project.name,
            description=config.project.description,
            created=time.time(),
            git=before.git if before else "",
            project_file=before.project_file if before else str(parent.config),
        ),
    )
    return directory


def _copy(checkpoint: Path, target: Path) -> None:
    """A checkpoint's files are never written to again: where there can be a second name for each, that will do."""
    shutil.copytree(checkpoint, target, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)

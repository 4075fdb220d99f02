"""Where a run is taken up again: the newest checkpoint that proves whole, and what the journal has of the run since.

What of the run's own files is not as it was written is said: a run that goes on differently never does so in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msopt_tui.config.dump import flatten
from msopt_tui.config.schema import Config
from msopt_tui.ml import checkpoint
from msopt_tui.protocol.events import Event, Noted, RunStarted
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalReader
from msopt_tui.runs.record import read_meta
from msopt_tui.steps.replay import Replay

Say = Callable[[str], None]
NAMED_AT_MOST = 5
"""Settings that are named where a run's `config.toml` has changed."""


class TakenUp(NamedTuple):
    """What a run goes on from, or begins with."""

    start_from: Path | None
    """A checkpoint of its own; `None` for a run that never saved one."""
    at: checkpoint.TrainingState | None
    """Its counters and settings."""
    begin_with: Path | None
    """The same, or what a branch begins with."""
    events: list[Event]
    """The journal so far; empty where the run begins anew."""
    replay: Replay


def take_up(directory: RunDirectory, config: Config, lost: int, emit: Callable[[Event], None]) -> TakenUp:
    """Find out; `lost` bytes are missing at the end of the journal.

    Raises CheckpointError where there are checkpoints and none can be used.
    """

    def warn(text: str) -> None:
        emit(Noted(level="warning", text=text))

    start_from = _choose(directory, warn)
    journal = _read_journal(directory, warn)
    if lost:
        warn(f"{directory.events.name} has lost {lost} bytes at its end: what was done there is not done again")
    _compare(config, journal, warn)
    meta = read_meta(directory.meta)
    if meta is None and directory.meta.exists():
        warn(
            "meta.json is damaged: where this run came from, and whether it repeats another, is not known any more; "
            "bring it back from a copy, or start a new run"
        )
    events = journal if start_from else []
    begin_with = start_from or branched(directory)
    at = checkpoint.read_state(start_from) if start_from else None
    if meta is not None and meta.replay_of:
        # Taken up again it goes on to repeat, with what was asked of itself in between.
        again = [*_read_journal(RunDirectory(Path(meta.replay_of)), warn), *events]
        step = checkpoint.read_state(begin_with).step if begin_with else 0
        replay = Replay(again, step, whole=True)
    else:
        replay = Replay(events, at.step) if at else Replay()
    return TakenUp(start_from, at, begin_with, events, replay)


def branched(directory: RunDirectory) -> Path | None:
    """The checkpoint that a branch begins with; `None` for a run of its own."""
    steps = checkpoint.list_steps(directory.start)
    return directory.start / f"checkpoint-{steps[0]}" if steps else None


def _choose(directory: RunDirectory, warn: Say) -> Path | None:
    """The checkpoint to go on from. Starting from zero in silence would throw work away."""
    found = checkpoint.newest_valid(directory.checkpoints, warn)
    if found is None and checkpoint.list_steps(directory.checkpoints):
        raise checkpoint.CheckpointError(
            f"no checkpoint in {directory.checkpoints} can be used (see the lines before): "
            "restore one from a copy, or start a new run"
        )
    return found


def _read_journal(directory: RunDirectory, warn: Say) -> list[Event]:
    reader = JournalReader(directory.events)
    events = reader.read(seconds=60.0)
    while reader.behind:
        events += reader.read(seconds=60.0)
    if reader.damaged:
        lines = "a line" if reader.damaged == 1 else f"{reader.damaged} lines"
        warn(f"{lines} of {directory.events.name} damaged: what was done there is not known, and not done again")
    if reader.error:
        warn(f"{directory.events.name} can't be read: {reader.error}; what was done after the checkpoint is not known")
    return events


def _compare(config: Config, journal: list[Event], warn: Say) -> None:
    """Whether `config.toml` still says what the run had in force when it was last started."""
    started = next((event for event in reversed(journal) if isinstance(event, RunStarted)), None)
    if started is None:
        return
    now, then = flatten(config), started.settings
    changed = [key for key in now if key in then and now[key] != then[key] and not key.startswith("ui.")]
    if changed:
        named = ", ".join(f"{key} is {now[key]} and was {then[key]}" for key in changed[:NAMED_AT_MOST])
        more = len(changed) - NAMED_AT_MOST
        warn(f"config.toml was changed since the run began: {named}{f' and {more} more' if more > 0 else ''}")

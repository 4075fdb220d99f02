"""One run as a row of the list of runs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.events import Number
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.record import OVER, RunRecord, RunStatus


class RunNotes(msgspec.Struct, frozen=True, omit_defaults=True):
    """`notes.json`: what a person says of a run."""

    tags: tuple[str, ...] = ()
    note: str = ""
    pinned: bool = False
    """Stays at the top of the list."""
    archived: bool = False
    """Is left out of the list unless asked for."""


class RunRow(NamedTuple):
    """A `RunRecord` laid flat, in the order of the index's columns. Fields mean what they mean there."""

    path: str
    """The run directory."""
    run: str
    """The directory's name, which is what people type."""
    project: str
    description: str
    status: RunStatus
    created: float
    updated: float
    seconds: float
    step: int
    last_step: int
    rounds: int
    loss: Number
    best_loss: Number
    best_step: int | None
    test_loss: Number
    checkpoint: int | None
    parameters: int
    device: str
    parent: str
    parent_step: int | None
    reason: str
    pid: int
    boot_id: str
    host: str
    heartbeat: float
    metrics_json: str
    settings_json: str
    tags: str = ""
    """With a blank between, before and after: `" baseline wide "`; empty for none."""
    note: str = ""
    pinned: int = 0
    archived: int = 0

    @property
    def notes(self) -> RunNotes:
        """The last four as they are stored."""
        return RunNotes(tuple(self.tags.split()), self.note, bool(self.pinned), bool(self.archived))

    @property
    def directory(self) -> RunDirectory:
        """Where everything of the run lies."""
        return RunDirectory(Path(self.path))

    @property
    def over(self) -> bool:
        """Whether nothing more comes unless someone resumes it."""
        return self.status in OVER

    @property
    def resumable(self) -> bool:
        """Whether resuming has a point: it ended before it was through, and was not given up."""
        return self.status in ("died", "failed", "stopped")

    @property
    def metrics(self) -> dict[str, Number]:
        """The best validation's metrics; decoded at every call."""
        return msgspec.json.decode(self.metrics_json, type=dict[str, Number])

    @property
    def settings(self) -> dict[str, Scalar]:
        """Settings as in force; decoded at every call."""
        return msgspec.json.decode(self.settings_json, type=dict[str, Scalar])


def with_notes(row: RunRow, notes: RunNotes) -> RunRow:
    """The row with other notes."""
    tags = f" {' '.join(notes.tags)} " if notes.tags else ""
    return row._replace(tags=tags, note=notes.note, pinned=int(notes.pinned), archived=int(notes.archived))


def row_of(path: str, record: RunRecord, notes: RunNotes | None = None) -> RunRow:
    """The row of the run at `path`."""
    row = RunRow(
        path=path,
        run=path.rpartition("/")[2],
        project=record.project,
        description=record.description,
        status=record.status,
        created=record.created,
        updated=record.updated,
        seconds=record.seconds,
        step=record.step,
        last_step=record.last_step,
        rounds=record.rounds,
        loss=record.loss,
        best_loss=record.best_loss,
        best_step=record.best_step,
        test_loss=record.test.get("loss"),
        checkpoint=record.checkpoint,
        parameters=record.parameters,
        device=record.device,
        parent=record.parent,
        parent_step=record.parent_step,
        reason=record.reason,
        pid=record.pid,
        boot_id=record.boot_id,
        host=record.host,
        heartbeat=record.heartbeat,
        metrics_json=encode_json(record.metrics).decode(),
        settings_json=encode_json(record.settings).decode(),
    )
    return with_notes(row, notes) if notes else row

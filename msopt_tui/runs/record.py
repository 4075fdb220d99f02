"""`meta.json` and `state.json` of a run: what it is, and how it stands. Enough to list it without its journal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.codec import VERSION
from msopt_tui.protocol.events import Number
from msopt_tui.runs.directory import write_text_atomic
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.sealed import is_doubtful, seal

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

RunStatus = Literal[
    "starting",
    "preparing",
    "running",
    "evaluating",
    "refining",
    "paused",
    "deciding",
    "stalled",
    "completed",
    "stopped",
    "cancelled",
    "failed",
    "died",
]
"""`RunState.status`, and `died`: the engine went without a word. An engine never writes that of itself."""
OVER: frozenset[RunStatus] = frozenset({"completed", "stopped", "cancelled", "failed", "died"})
"""Nothing more comes from a run of this status unless someone resumes it."""
_USUAL_SIZE = 32_768
_FILE_LIMIT = 16_000_000


class RunMeta(msgspec.Struct, frozen=True, kw_only=True):
    """`meta.json`: written once when the run is made."""

    version: int = VERSION
    """Of the journal's form."""
    run: str
    project: str
    """As in the project file; the folder's name is made safe."""
    description: str = ""
    created: float
    """Seconds since 1970."""
    versions: dict[str, str] = {}
    """Python, torch, transformers and our own."""
    device: str = ""
    git: str = ""
    """Commit of the working directory, with `+` where files were changed; empty outside git."""
    parent: str = ""
    """The run this one branched from."""
    parent_step: int | None = None
    replay_of: str = ""
    """Directory of the run whose interventions this one repeats."""
    data_sha256: str = ""
    """Of the raw text."""
    project_file: str = ""


class RunRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`state.json`: rewritten while the run goes on. Holds all that the list of runs shows and searches."""

    version: int = VERSION
    run: str
    project: str
    description: str = ""
    status: RunStatus = "starting"
    pid: int = 0
    """The engine's process, 0 for none."""
    boot_id: str = ""
    """Of the machine the engine runs on, new with every boot."""
    host: str = ""
    heartbeat: float = 0.0
    """When this was written; seconds since 1970, like all times here."""
    created: float = 0.0
    updated: float = 0.0
    """Time of the latest event."""
    seconds: float = 0.0
    """The duration as `state.worked` counts it: wall time with an engine at work, of all engines together."""
    step: int = 0
    last_step: int = 0
    """Step at which the round ends if nothing changes that."""
    rounds: int = 0
    """Rounds begun."""
    tokens: int = 0
    train_seconds: float = 0.0
    loss: Number = None
    """The latest training loss (nats a token)."""
    best_loss: Number = None
    """The best validation loss (nats a token)."""
    best_step: int | None = None
    metrics: dict[str, Number] = {}
    """The best validation's metrics."""
    test: dict[str, Number] = {}
    """The test split's metrics."""
    parameters: int = 0
    device: str = ""
    checkpoint: int | None = None
    """Step of the latest checkpoint: where a resumed run goes on from."""
    settings: dict[str, Scalar] = {}
    """As in force."""
    parent: str = ""
    parent_step: int | None = None
    reason: str = ""
    """Why it ended."""
    model: str = ""
    """Folder of the finished model."""
    exit_code: int = 0
    restarts: int = 0
    """How often the engine at work was started again after a signal, since a person started it."""
    journal: int = 0
    """Bytes of the journal when this was written: there are never fewer, unless some were lost."""


S = TypeVar("S", RunMeta, RunRecord)


def record_from_state(
    state: RunState,
    meta: RunMeta,
    *,
    pid: int = 0,
    boot_id: str = "",
    host: str = "",
    heartbeat: float = 0.0,
    earlier_seconds: float = 0.0,
    restarts: int = 0,
    journal: int = 0,
    before: RunRecord | None = None,
) -> RunRecord:
    """What `state.json` says of a state. Pure.

    `earlier_seconds` is the duration that the state does not know of: what the record said of a run that begins anew,
    without its past. `before` is the record as found when the run was taken up: an engine that has not got that far
    (no `RunStarted` in this state) says what stood there with its own signs of life, so that one that dies while it
    loads its libraries leaves the results as they were.
    """
    if before is not None and state.started is None:
        record = msgspec.structs.replace(before, reason="", exit_code=0)
    else:
        record = _with_results(_of_run(state, meta, earlier_seconds), state)
    return msgspec.structs.replace(
        record,
        status=state.status,
        pid=pid,
        boot_id=boot_id,
        host=host,
        heartbeat=heartbeat,
        restarts=restarts,
        journal=journal,
    )


def _of_run(state: RunState, meta: RunMeta, earlier_seconds: float) -> RunRecord:
    return RunRecord(
        run=meta.run,
        project=meta.project,
        description=meta.description,
        created=meta.created,
        updated=state.last_time or meta.created,
        seconds=earlier_seconds + state.seconds,
        settings=state.settings,
        parent=meta.parent,
        parent_step=meta.parent_step,
    )


def _with_results(record: RunRecord, state: RunState) -> RunRecord:
    best, test, model, ended = state.best, state.test, state.model, state.ended
    return msgspec.structs.replace(
        record,
        step=state.step,
        last_step=state.last_step,
        rounds=state.round,
        tokens=state.tokens,
        train_seconds=state.train_seconds,
        loss=state.loss,
        best_loss=best.metrics.get("loss") if best else None,
        best_step=best.step if best else None,
        metrics=best.metrics if best else {},
        test=test.metrics if test else {},
        parameters=model.parameters if model else 0,
        device=model.device if model else "",
        checkpoint=max(state.checkpoints, default=None),
        reason=ended.reason if ended else "",
        model=ended.model if ended else "",
        exit_code=ended.exit_code if ended else 0,
    )


def write_record(path: Path, record: RunRecord) -> None:
    """Replace `state.json`. Raises OSError.

    A heartbeat does not wait for the disk: after a power cut the journal tells what the file would have.
    """
    write_text_atomic(path, seal(encode_json(record)) + b"\n", durable=record.status in OVER)


def write_meta(path: Path, meta: RunMeta) -> None:
    """Write `meta.json`. Raises OSError."""
    write_text_atomic(path, seal(encode_json(meta)) + b"\n")


def read_record(path: Path) -> RunRecord | None:
    """`None` where `state.json` is missing, damaged or of a version we do not know."""
    return _read(path, RunRecord)


def read_meta(path: Path) -> RunMeta | None:
    """`None` where `meta.json` is missing, damaged or of a version we do not know."""
    return _read(path, RunMeta)


def lost_of_journal(events: Path, before: RunRecord | None) -> int:
    """Bytes of the journal that are gone since `before` was written."""
    try:
        there = events.stat().st_size
    except OSError:
        there = 0
    return max(0, before.journal - there) if before is not None else 0


def _read(path: Path, kind: type[S]) -> S | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # Not `read(limit)` alone, which sets the whole limit aside first; there may be ten thousand of these.
        data = os.read(fd, _USUAL_SIZE)
        if len(data) == _USUAL_SIZE:
            data += os.read(fd, _FILE_LIMIT)
    except OSError:
        return None
    finally:
        os.close(fd)
    return decode(data, kind)


def decode(data: bytes, kind: type[S]) -> S | None:
    """`None` for what is no message of this kind, damaged, or of a newer version."""
    if is_doubtful(data.rstrip(b"\n")):
        return None
    try:
        found = msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError):
        return None
    return found if found.version <= VERSION else None

"""The run directories below a runs folder, and what each says of itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalReader
from msopt_tui.runs.record import RunMeta, RunRecord, read_meta, read_record, record_from_state


class Found(NamedTuple):
    """A run directory and the stamp of what its record is read from."""

    relative: str
    """`project/run`, below the runs folder."""
    modified: int
    """Nanoseconds since 1970."""
    size: int
    noted: int = 0
    """When its notes were written, nanoseconds since 1970; 0 for none."""


def find_runs(runs_dir: Path) -> Iterator[Found]:
    """Every run directory, in no order.

    A folder that can't be read is passed over, and so is one whose name is no text: neither was made by us.
    """
    root = str(runs_dir)
    for project in _folders(root):
        for run in _folders(f"{root}/{project}"):
            relative = f"{project}/{run}"
            stamp = _stamp(f"{root}/{relative}")
            if stamp is not None:
                yield Found(relative, *stamp, _noted(f"{root}/{relative}"))


def find_run(path: Path) -> Found | None:
    """One run directory by its path; `None` where there is no run."""
    stamp = _stamp(str(path))
    return Found(f"{path.parent.name}/{path.name}", *stamp) if stamp else None


def read_run(path: Path, modified: int = 0) -> RunRecord:
    """`state.json`, or where that is of no use the same from `meta.json` and the journal.

    Where nothing can be read, a record that says so, dated `modified` (nanoseconds): a run is never just missing.
    """
    directory = RunDirectory(path)
    record = read_record(directory.state) or _from_journal(directory)
    if record is not None:
        return record
    reason = "neither state.json nor events.jsonl can be read"
    return RunRecord(run=path.name, project=path.parent.name, status="died", reason=reason, created=modified / 1e9)


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries if entry.is_dir() and _is_name(entry.name)]
    except OSError:
        return []


def _is_name(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not name.startswith(".")


def _stamp(path: str) -> tuple[int, int] | None:
    for name in ("state.json", "events.jsonl", "meta.json"):
        try:
            found = os.stat(f"{path}/{name}")  # noqa: PTH116  # ten thousand Paths cost more than the calls
        except OSError:
            continue
        return found.st_mtime_ns, found.st_size
    return None


def _noted(path: str) -> int:
    try:
        return os.stat(f"{path}/notes.json").st_mtime_ns  # noqa: PTH116  # as above
    except OSError:
        return 0


def _from_journal(directory: RunDirectory) -> RunRecord | None:
    from msopt_tui.state.run_state import RunState

    state = RunState()
    reader = JournalReader(directory.events)
    more = True
    while more:
        for event in reader.read(seconds=1.0):
            state.apply(event)
        more = reader.behind
    meta = read_meta(directory.meta)
    if meta is None and state.started:
        meta = RunMeta(
            run=state.started.run,
            project=state.started.project,
            description=state.started.description,
            created=state.first_started,
        )
    return record_from_state(state, meta) if meta else None

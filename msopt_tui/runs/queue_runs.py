"""Which run a project of the queue led to."""

from __future__ import annotations

from pathlib import Path

from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.queue_file import Entry
from msopt_tui.runs.record import read_meta
from msopt_tui.runs.scan import find_runs

CLOCK_SLACK = 2.0
"""Seconds by which a run may seem to be older than the turn that it was begun in: file systems round their times."""


def run_of(entry: Entry) -> Path | None:
    """The run directory of an entry whose turn has come; `None` where it made none (yet).

    The first run of its project file that was made in its turn, or with `--resume` the last that was written to.
    """
    if entry.run:
        return Path(entry.run)
    if not entry.began:
        return None
    resumed = any(word.startswith("--resume") for word in entry.arguments)
    found: list[tuple[float, Path]] = []
    for one in find_runs(Path(entry.runs_dir)):
        if one.modified / 1e9 < entry.began - CLOCK_SLACK:
            continue
        path = Path(entry.runs_dir) / one.relative
        meta = read_meta(RunDirectory(path).meta)
        if meta is None or meta.project_file != entry.project:
            continue
        if resumed:
            found.append((-one.modified, path))
        elif meta.created >= entry.began - CLOCK_SLACK:
            found.append((meta.created, path))
    return min(found)[1] if found else None

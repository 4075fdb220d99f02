"""All runs, the latest run, one run by whatever name a person gives it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from msopt_tui.runs.alive import is_alive
from msopt_tui.runs.index import read_rows
from msopt_tui.runs.row import RunRow, row_of
from msopt_tui.runs.scan import Found, find_run, find_runs, read_run

NAMED_AT_MOST = 6
"""Runs listed in an error message."""


class RunNotFound(LookupError):
    """No run has that name, or more than one could be meant; the message says which."""


def list_runs(runs_dir: Path) -> list[RunRow]:
    """Every run below a folder, the newest first; one whose engine is gone without a word is `died`."""
    rows = [with_true_status(row) for row in read_rows(runs_dir)]
    rows.sort(key=lambda row: (row.created, row.run), reverse=True)
    return rows


def with_true_status(row: RunRow) -> RunRow:
    """The row as it is, or as `died` where it claims an engine that is not there."""
    if row.over or is_alive(row, row.directory.lock):
        return row
    return row._replace(status="died")


def latest(runs_dir: Path) -> RunRow | None:
    """The run that was started last; `None` where there is none. Reads one record, not the index."""
    return _row(runs_dir, max(find_runs(runs_dir), key=_age, default=None))


def find(runs_dir: Path, name: str) -> RunRow:
    """The run that `name` means: a path, `project/run`, a run, the start of one, a part of one, or a project.

    A project stands for its latest run; the first reading that fits anything counts. Raises RunNotFound.
    """
    at = find_run(Path(name)) if name else None
    if at is not None:
        path = Path(name).resolve()
        return with_true_status(row_of(str(path), read_run(path, at.modified)))
    runs = list(find_runs(runs_dir))
    for fitting in _readings(name, runs):
        row = _row(runs_dir, _only(name, fitting))
        if row is not None:
            return row
    raise RunNotFound(_not_found(name, runs_dir, runs))


def _readings(name: str, runs: list[Found]) -> Iterable[list[Found]]:
    yield [run for run in runs if name in (run.relative, _name(run))]
    # Of a project's runs the latest is meant, so this reading never has two answers.
    project = [run for run in runs if run.relative.partition("/")[0] == name]
    yield sorted(project, key=_age)[-1:]
    if name:
        yield [run for run in runs if run.relative.startswith(name) or _name(run).startswith(name)]
        yield [run for run in runs if name in run.relative]


def _only(name: str, fitting: list[Found]) -> Found | None:
    if len(fitting) > 1:
        raise RunNotFound(f"{shown(name)} can mean {_listed(run.relative for run in fitting)}: write more of it")
    return fitting[0] if fitting else None


def _not_found(name: str, runs_dir: Path, runs: list[Found]) -> str:
    if not runs:
        return f"there are no runs in {shown(str(runs_dir))}"
    import difflib

    names = {_name(run): run.relative for run in runs}
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"no run {shown(name)} in {shown(str(runs_dir))}; did you mean {_listed(names[one] for one in close)}?"
    newest = sorted(runs, key=_age, reverse=True)
    return f"no run {shown(name)} in {shown(str(runs_dir))}; the newest are {_listed(run.relative for run in newest)}"


def _listed(names: Iterable[str]) -> str:
    every = [shown(name) for name in names]
    more = len(every) - NAMED_AT_MOST
    return ", ".join(every[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def shown(name: str) -> str:
    """A name from the disk or the command line, safe to print."""
    return name if name.isprintable() and name else repr(name)


def _row(runs_dir: Path, found: Found | None) -> RunRow | None:
    if found is None:
        return None
    path = runs_dir.absolute() / found.relative
    return with_true_status(row_of(str(path), read_run(path, found.modified)))


def _name(run: Found) -> str:
    return run.relative.rpartition("/")[2]


def _age(run: Found) -> tuple[str, int]:
    """Sorts by the time in the name, and by the latest change where that is the same or there is none."""
    stamp = re.match(r"\d{8}-\d{6}", _name(run))
    return (stamp[0] if stamp else "", run.modified)

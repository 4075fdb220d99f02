"""Words that begin a run, take one up, or tell one what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.actions.common import EXIT_USAGE, fail, find_run, load, runs_dir_of, ui_of
from msopt_tui.actions.showing import branch_from, link_to, show_link, take_up, watch_new
from msopt_tui.arguments import Options, UsageError
from msopt_tui.config.errors import ConfigError
from msopt_tui.config.schema import Config

if TYPE_CHECKING:
    from msopt_tui.runs.directory import RunDirectory


def run(options: Options) -> int:
    """`msopt-tui project.toml`: a new run, shown; or with `--resume auto` the unfinished one."""
    config, path = load(options)
    if config is None:
        return EXIT_USAGE
    runs_dir = runs_dir_of(options, config.project)
    from msopt_tui.engine import launch

    if options.value("--resume"):
        resumable = _resumable(options.value("--resume"), runs_dir, config)
        if resumable is not None:
            return take_up(options, resumable)
    try:
        directory = launch.create_run(config, path, runs_dir)
    except OSError as error:
        return fail(f"the run directory can't be made in {runs_dir}: {error.strerror}: give another --runs-dir")
    return watch_new(options, directory.path, config.ui)


def _resumable(wanted: str, runs_dir: Path, config: Config) -> Path | None:
    """The run that `--resume` means; `None` for `auto` with nothing unfinished. Raises UsageError."""
    from msopt_tui.runs.history import RunNotFound, find, list_runs

    if wanted != "auto":
        try:
            return find(runs_dir, wanted).directory.path
        except RunNotFound as error:
            raise UsageError(str(error)) from None
    for row in list_runs(runs_dir):
        if row.project == config.project.name and row.status not in ("completed", "cancelled"):
            return row.directory.path
    return None


def attach(options: Options) -> int:
    """`msopt-tui attach [RUN]`: a live run with its keys, or a finished one to read."""
    found = find_run(options)
    if found is None:
        return EXIT_USAGE
    return show_link(options, link_to(found, options), ui_of(found))


def resume(options: Options) -> int:
    """`msopt-tui resume RUN`: start an engine on an unfinished run again and watch it."""
    found = find_run(options)
    return EXIT_USAGE if found is None else take_up(options, found)


def branch(options: Options) -> int:
    """`msopt-tui branch RUN --at STEP table.key=value …`: a new run from a checkpoint of an old one, shown."""
    at = options.value("--at")
    if at and not at.isdecimal():
        raise UsageError(f"--at takes the step of a checkpoint, not {at}")
    return _from_old(
        options, lambda old, runs_dir: branch_from(old, int(at) if at else None, options.overrides, runs_dir)
    )


def replay(options: Options) -> int:
    """`msopt-tui replay RUN`: the run once more, with every intervention at its step, as a new run."""
    from msopt_tui.engine import branch as branching

    if options.overrides:
        raise UsageError(f"a replay has the run's own settings: {options.overrides[0]} is for branch")
    return _from_old(options, branching.replay)


def _from_old(options: Options, make: Callable[[RunDirectory, Path], RunDirectory]) -> int:
    """Make a run from another one and watch it."""
    from msopt_tui.engine.branch import BranchError
    from msopt_tui.runs.directory import RunDirectory

    found = find_run(options)
    if found is None:
        return EXIT_USAGE
    try:
        new = make(RunDirectory(found), found.parent.parent)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except BranchError as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"a new run can't be made in {found.parent.parent}: {error.strerror}")
    return watch_new(options, new.path, ui_of(new.path))


def stop(options: Options) -> int:
    """`msopt-tui stop RUN`: ask its engine to save and stop, and wait until it has."""
    found = find_run(options)
    if found is None:
        return EXIT_USAGE
    from msopt_tui import headless

    return headless.stop_and_wait(link_to(found, options))


def send(options: Options) -> int:
    """`msopt-tui send RUN evaluate`, `send RUN adjust train.learning_rate=1e-4`, …: one command and its answer."""
    from msopt_tui import send as sending

    run, verbs = options.words[:1], options.words[1:]
    command = sending.parse(verbs, options.overrides, options.value("--why"))
    options.words[:] = run
    found = find_run(options)
    if found is None:
        return EXIT_USAGE
    return sending.send_and_wait(link_to(found, options), command, as_json=options.flag("--json"))

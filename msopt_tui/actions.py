"""What each word of the command line does: it ties configuration, run directory, engine and front end together.

Everything heavy is imported by the action that needs it: a `--help` or a bad project file answers at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.arguments import Options, UsageError
from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import load_project
from msopt_tui.config.schema import Config, ProjectTable, UiTable
from msopt_tui.link.base import EngineLink

if TYPE_CHECKING:
    from msopt_tui.runs.directory import RunDirectory

EXIT_FAILED = 1
EXIT_USAGE = 3


def run(options: Options) -> int:
    """`msopt-tui project.toml`: a new run, shown; or with `--resume auto` the unfinished one."""
    config, path = _load(options)
    if config is None:
        return EXIT_USAGE
    runs_dir = _runs_dir(options, config.project)
    from msopt_tui.engine import launch

    if options.value("--resume"):
        resumable = _resumable(options.value("--resume"), runs_dir, config)
        if resumable is not None:
            return _take_up(options, resumable)
    try:
        directory = launch.create_run(config, path, runs_dir)
    except OSError as error:
        return _fail(f"the run directory can't be made in {runs_dir}: {error.strerror}: give another --runs-dir")
    return _watch_new(options, directory.path, config.ui)


def attach(options: Options) -> int:
    """`msopt-tui attach [RUN]`: a live run with its keys, or a finished one to read."""
    found = _find(options)
    if found is None:
        return EXIT_USAGE
    return _show(options, _link_to(found, options), _ui_of(found))


def history(options: Options) -> int:
    """`msopt-tui history`: the list of runs as the first screen."""
    as_tree = options.flag("--tree")
    if as_tree or not _is_terminal(options):
        from msopt_tui import report

        return report.print_runs(_runs_dir(options, ProjectTable()), as_tree=as_tree)
    return _cockpit(options, None, UiTable())


def show(options: Options) -> int:
    """`msopt-tui show [RUN]`: summary and curves on standard output."""
    found = _find(options)
    if found is None:
        return EXIT_USAGE
    from msopt_tui import report

    return report.print_run(found)


def compare(options: Options) -> int:
    """`msopt-tui compare RUN RUN …`: settings that differ, metrics side by side, curves over each other."""
    from msopt_tui import compare as comparing

    wanted = list(options.words)
    if not 2 <= len(wanted) <= len(comparing.MARKERS):
        raise UsageError(f"compare takes 2 to {len(comparing.MARKERS)} runs, not {len(wanted)}")
    paths: list[Path] = []
    for name in wanted:
        options.words[:] = [name]
        found = _find(options)
        if found is None:
            return EXIT_USAGE
        paths.append(found)
    gc.enable()
    return comparing.print_comparison(paths, as_json=options.flag("--json"))


def resume(options: Options) -> int:
    """`msopt-tui resume RUN`: start an engine on an unfinished run again and watch it."""
    found = _find(options)
    return EXIT_USAGE if found is None else _take_up(options, found)


def branch(options: Options) -> int:
    """`msopt-tui branch RUN --at STEP table.key=value …`: a new run from a checkpoint of an old one, shown."""
    at = options.value("--at")
    if at and not at.isdecimal():
        raise UsageError(f"--at takes the step of a checkpoint, not {at}")
    return _from_old(options, lambda old, runs_dir: _branch(old, int(at) if at else None, options.overrides, runs_dir))


def replay(options: Options) -> int:
    """`msopt-tui replay RUN`: the run once more, with every intervention at its step, as a new run."""
    from msopt_tui.engine import branch as branching

    if options.overrides:
        raise UsageError(f"a replay has the run's own settings: {options.overrides[0]} is for branch")
    return _from_old(options, branching.replay)


def _branch(old: RunDirectory, step: int | None, overrides: Sequence[str], runs_dir: Path) -> RunDirectory:
    from msopt_tui.engine import branch as branching

    return branching.branch(old, step, overrides, runs_dir)


def _branch_and_start(options: Options, path: Path, step: int, changes: Sequence[str]) -> EngineLink:
    """For the cockpit's key: the link to the branch's engine."""
    from msopt_tui.runs.directory import RunDirectory

    return _start(options, _branch(RunDirectory(path), step, changes, path.parent.parent).path)


def _from_old(options: Options, make: Callable[[RunDirectory, Path], RunDirectory]) -> int:
    """Make a run from another one and watch it."""
    from msopt_tui.engine.branch import BranchError
    from msopt_tui.runs.directory import RunDirectory

    found = _find(options)
    if found is None:
        return EXIT_USAGE
    try:
        new = make(RunDirectory(found), found.parent.parent)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except (BranchError, OSError) as error:
        return _fail(str(error))
    return _watch_new(options, new.path, _ui_of(new.path))


def stop(options: Options) -> int:
    """`msopt-tui stop RUN`: ask its engine to save and stop, and wait until it has."""
    found = _find(options)
    if found is None:
        return EXIT_USAGE
    from msopt_tui import headless

    return headless.stop_and_wait(_link_to(found, options))


def send(options: Options) -> int:
    """`msopt-tui send RUN evaluate`, `send RUN adjust train.learning_rate=1e-4`, …: one command and its answer."""
    from msopt_tui import send as sending

    run, verbs = options.words[:1], options.words[1:]
    command = sending.parse(verbs, options.overrides, options.value("--why"))
    options.words[:] = run
    found = _find(options)
    if found is None:
        return EXIT_USAGE
    return sending.send_and_wait(_link_to(found, options), command, as_json=options.flag("--json"))


def check(options: Options) -> int:
    """`msopt-tui check project.toml`: everything that can be known before training."""
    config, path = _load(options)
    if config is None:
        return EXIT_USAGE
    gc.enable()
    if options.flag("--no-color"):
        os.environ["NO_COLOR"] = "1"
    from msopt_tui import checkup

    base_dir = path.resolve().parent
    return checkup.print_check(config, base_dir, _cache_root(config), as_json=options.flag("--json"))


def new(options: Options) -> int:
    """`msopt-tui new [PROJECT.toml]`: a project file from a few questions."""
    from msopt_tui.new_project import NewError, ask, write_project

    if len(options.words) > 1:
        raise UsageError(f"one project file is meant, not {len(options.words)}")
    path = Path(options.words[0] if options.words else "project.toml")
    given = options.given("--name", "--task", "--data", "--model", "--steps")
    read = input if sys.stdin.isatty() and not options.flag("--yes") else None
    try:
        if path.suffix != ".toml":
            raise NewError(f"{path} does not end in .toml, as project files do")
        if path.exists():
            raise NewError(f"{path} is there already: give another name")
        write_project(path, ask(path, given, read, sys.stdout))
    except EOFError:
        return _fail("nothing written: the questions were left")
    except NewError as error:
        print(f"msopt-tui: {error}", file=sys.stderr)
        return EXIT_USAGE
    print(f"{path} written; look at it, then:  msopt-tui check {path}   msopt-tui {path}")
    return 0


def queue(options: Options) -> int:
    """`msopt-tui queue a.toml b.toml …`: one project after another, headless."""
    from msopt_tui.queueing import Queue

    if not options.words:
        raise UsageError("queue which projects?  msopt-tui queue a.toml b.toml")
    gc.enable()
    flags = [flag for flag in ("--json", "--in-process") if options.flag(flag)]
    values = [f"{name}={value}" for name, value in options.given("--runs-dir", "--resume").items()]
    return Queue(options.words, [*options.overrides, *flags, *values]).run()


def export(options: Options) -> int:
    """`msopt-tui export RUN [DIR]`: the figures of a run as files for other programs."""
    from msopt_tui.runs.export import export_run

    if not options.words:
        raise UsageError("export which run?  msopt-tui export RUN [DIR]")
    folder = options.words.pop(1) if len(options.words) > 1 else ""
    found = _find(options)
    if found is None:
        return EXIT_USAGE
    target = Path(folder or f"{found.name}-export")
    try:
        done = export_run(found, target, "jsonl" if options.flag("--json") else "csv")
    except OSError as error:
        return _fail(f"{target} can't be written: {error.strerror}: name another folder")
    print(f"{done.steps:,} steps and {done.evaluations:,} evaluations in {done.folder}")
    print(f"model: {done.model}" if done.model else "model: none; the run has not finished one")
    return 0


def schema(_: Options) -> int:
    """`msopt-tui schema`: the JSON Schema of project files."""
    from msopt_tui.config.json_schema import json_schema

    print(json_schema())
    return 0


def reindex(options: Options) -> int:
    """`msopt-tui reindex`: rebuild `index.db` from the run directories."""
    from msopt_tui.runs.index import reindex as rebuild

    runs_dir = _runs_dir(options, ProjectTable())
    print(f"{rebuild(runs_dir)} runs in {runs_dir}/index.db")
    return 0


def _load(options: Options) -> tuple[Config | None, Path]:
    """The checked project file; `None` when its problems have been printed."""
    if len(options.words) != 1:
        raise UsageError("one project file is meant" + (f", not {len(options.words)}" if options.words else ""))
    path = Path(options.words[0])
    try:
        return load_project(path, options.overrides), path
    except ConfigError as error:
        print(error, file=sys.stderr)
        return None, path


def _runs_dir(options: Options, project: ProjectTable) -> Path:
    return Path(options.value("--runs-dir") or os.environ.get("MSOPT_TUI_RUNS") or project.runs_dir).absolute()


def _cache_root(config: Config) -> Path:
    from msopt_tui.paths import cache_dir

    return Path(config.data.cache_dir).expanduser() if config.data.cache_dir else cache_dir()


def _find(options: Options) -> Path | None:
    """The run that is meant; `None` when it has been said that there is none."""
    from msopt_tui.runs.history import RunNotFound, find, latest

    if len(options.words) > 1:
        raise UsageError("one run is meant")
    runs_dir = _runs_dir(options, ProjectTable())
    try:
        found = find(runs_dir, options.words[0]) if options.words else latest(runs_dir)
    except RunNotFound as error:
        print(error, file=sys.stderr)
        return None
    if found is None:
        print(f"no run in {runs_dir}: start one with  msopt-tui PROJECT.toml", file=sys.stderr)
        return None
    return found.directory.path


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


def _take_up(options: Options, path: Path) -> int:
    """Resume a run, or attach where an engine is at it already."""
    from msopt_tui.runs.alive import is_alive
    from msopt_tui.runs.directory import RunDirectory
    from msopt_tui.runs.record import read_record

    directory = RunDirectory(path)
    record = read_record(directory.state)
    if is_alive(record, directory.lock):
        print(f"{path.name} is being worked on: attaching", file=sys.stderr)
        return _show(options, _link_to(path, options), _ui_of(path))
    if record is not None and record.status in ("completed", "cancelled"):
        return _fail(f"{path.name} is {record.status}: there is nothing to go on with")
    return _watch_new(options, path, _ui_of(path))


def _watch_new(options: Options, path: Path, ui: UiTable) -> int:
    """Start an engine on a run directory and show it."""
    return _show(options, _start(options, path), ui)


def _start(options: Options, path: Path) -> EngineLink:
    from msopt_tui.engine import launch
    from msopt_tui.runs.directory import RunDirectory

    directory = RunDirectory(path)
    unattended = not _is_terminal(options)
    if options.flag("--in-process"):
        gc.enable()
        from msopt_tui.engine.in_process import start

        return start(directory, somebody_watches=not unattended)
    from msopt_tui.link.socket_client import SocketLink

    return SocketLink(path, host=launch.start_host(directory, unattended=unattended))


def _link_to(path: Path, options: Options) -> EngineLink:
    """The door to a run that is there: with commands where its engine lives, read-only otherwise."""
    from msopt_tui.link.socket_client import SocketLink
    from msopt_tui.link.tail import JournalLink
    from msopt_tui.runs.alive import is_alive
    from msopt_tui.runs.directory import RunDirectory
    from msopt_tui.runs.record import read_record

    directory = RunDirectory(path)
    if not options.flag("--readonly") and is_alive(read_record(directory.state), directory.lock):
        return SocketLink(path)
    return JournalLink(path)


def _ui_of(path: Path) -> UiTable:
    """The screen settings of a run's project file; the defaults where it can't be read any more."""
    try:
        return load_project(path / "config.toml").ui
    except ConfigError:
        return UiTable()


def _is_terminal(options: Options) -> bool:
    asked = options.flag("--headless") or options.flag("--json")
    return not asked and sys.stdout.isatty() and sys.stdin.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _show(options: Options, link: EngineLink, ui: UiTable) -> int:
    if _is_terminal(options):
        return _cockpit(options, link, ui)
    gc.enable()
    from msopt_tui.headless import Lines

    return Lines(link, as_json=options.flag("--json")).run()


def _cockpit(options: Options, link: EngineLink | None, ui: UiTable) -> int:
    if options.flag("--no-color"):
        os.environ["NO_COLOR"] = "1"
    from msopt_tui.ui.app import run_cockpit

    return run_cockpit(
        link,
        ui=ui,
        fps=options.fps or ui.fps,
        runs_dir=_runs_dir(options, ProjectTable()),
        open_run=lambda path: _link_to(path, options),
        resume_run=lambda path: _start(options, path),
        branch_run=lambda path, step, changes: _branch_and_start(options, path, step, changes),
        readonly=options.flag("--readonly"),
        can_detach=not options.flag("--in-process"),
    )


def _fail(message: str) -> int:
    print(f"msopt-tui: {message}", file=sys.stderr)
    return EXIT_FAILED

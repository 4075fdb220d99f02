"""Starting an engine, finding the door to one, and the front end that fits where we are."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.actions.common import fail, is_terminal, runs_dir_of, ui_of
from msopt_tui.arguments import Options
from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import load_project
from msopt_tui.config.schema import ProjectTable, UiTable
from msopt_tui.link.base import EngineLink

if TYPE_CHECKING:
    from subprocess import Popen

    from msopt_tui.runs.directory import RunDirectory
    from msopt_tui.runs.project_file import ProjectFile
    from msopt_tui.runs.queue_file import Queue, QueueStore


def watch_new(options: Options, path: Path, ui: UiTable) -> int:
    """Start an engine on a run directory and show it."""
    try:
        link = start_engine(options, path)
    except OSError as error:
        return fail(f"no engine can be started in {path}: {error.strerror or error}")
    return show_link(options, link, ui)


def start_engine(options: Options, path: Path) -> EngineLink:
    """Start an engine on a run directory; returns the link to it."""
    from msopt_tui.engine import launch
    from msopt_tui.runs.directory import RunDirectory

    directory = RunDirectory(path)
    unattended = not is_terminal(options)
    if options.flag("--in-process"):
        gc.enable()
        from msopt_tui.engine.in_process import start

        return start(directory, somebody_watches=not unattended)
    from msopt_tui.link.socket_client import SocketLink

    return SocketLink(path, host=launch.start_host(directory, unattended=unattended))


def link_to(path: Path, options: Options) -> EngineLink:
    """The door to a run that is there: with commands where its engine lives, read-only otherwise."""
    from msopt_tui.link.socket_client import SocketLink
    from msopt_tui.link.tail import JournalLink
    from msopt_tui.runs.alive import is_alive
    from msopt_tui.runs.directory import RunDirectory
    from msopt_tui.runs.record import read_record

    directory = RunDirectory(path)
    alive = is_alive(read_record(directory.state), directory.lock)
    if alive and not options.flag("--readonly"):
        return SocketLink(path)
    return JournalLink(
        path, "--readonly sends nothing" if alive else f"{path.name} takes no commands: no engine runs it"
    )


def show_link(options: Options, link: EngineLink, ui: UiTable) -> int:
    """Show a run on the screen, or as lines where there is none."""
    if is_terminal(options):
        return cockpit(options, link, ui)
    gc.enable()
    from msopt_tui.headless import Lines

    return Lines(link, as_json=options.flag("--json")).run()


def cockpit(options: Options, link: EngineLink | None, ui: UiTable, edit: ProjectFile | None = None) -> int:
    """Show a run, else the editor of `edit`, else the history, until the person leaves."""
    if options.flag("--no-color"):
        os.environ["NO_COLOR"] = "1"
    from msopt_tui.link.ahead import read_ahead

    ahead = read_ahead(link.run_dir) if link is not None else None  # before the long way to the first frame
    from msopt_tui.ui.start import run_cockpit
    from msopt_tui.ui.ways import QueueDeeds, Ways

    return run_cockpit(
        link,
        ui=ui,
        fps=options.fps or ui.fps,
        runs_dir=runs_dir_of(options, ProjectTable()),
        ways=Ways(
            open_run=lambda path: link_to(path, options),
            resume_run=lambda path: start_engine(options, path),
            branch_run=lambda path, step, changes: _branch_and_start(options, path, step, changes),
            start_project=lambda path: start_project(options, path),
            queue=QueueDeeds(lambda store, path: add_to_queue(options, store, path), _work_queue_off),
        ),
        edit=edit,
        readonly=options.flag("--readonly"),
        can_detach=not options.flag("--in-process"),
        ahead=ahead,
    )


def start_project(options: Options, path: Path) -> EngineLink:
    """A new run of a project file and the link to its engine. Raises ConfigError, and OSError for its directory."""
    from msopt_tui.engine import launch

    config = load_project(path, options.overrides)
    directory = launch.create_run(config, path, runs_dir_of(options, config.project))
    return start_engine(options, directory.path)


def add_to_queue(options: Options, store: QueueStore, path: Path, arguments: Sequence[str] = ()) -> Queue:
    """The queue with one more project, which may be a wrong one: its turn then says so. Raises QueueError."""
    try:
        project = load_project(path).project
    except ConfigError:
        project = ProjectTable()
    runs_dir = str(runs_dir_of(options, project))
    folder = os.getcwd()  # noqa: PTH109  # as text, whatever its bytes
    return store.change(lambda queue: queue.add(str(path.resolve()), folder, runs_dir, arguments))


def _work_queue_off(runs_dir: Path) -> Popen[bytes] | None:
    from msopt_tui.queueing import start_worker

    return start_worker(runs_dir)


def branch_from(old: RunDirectory, step: int | None, overrides: Sequence[str], runs_dir: Path) -> RunDirectory:
    """A new run from a checkpoint of an old one."""
    from msopt_tui.engine import branch as branching

    return branching.branch(old, step, overrides, runs_dir)


def _branch_and_start(options: Options, path: Path, step: int, changes: Sequence[str]) -> EngineLink:
    """For the cockpit's key: the link to the branch's engine."""
    from msopt_tui.runs.directory import RunDirectory

    return start_engine(options, branch_from(RunDirectory(path), step, changes, path.parent.parent).path)


def take_up(options: Options, path: Path) -> int:
    """Resume a run, or attach where an engine is at it already."""
    from msopt_tui.runs.alive import is_alive
    from msopt_tui.runs.directory import RunDirectory
    from msopt_tui.runs.record import read_record

    directory = RunDirectory(path)
    record = read_record(directory.state)
    if is_alive(record, directory.lock):
        print(f"{path.name} is being worked on: attaching", file=sys.stderr)
        return show_link(options, link_to(path, options), ui_of(path))
    if record is not None and record.status in ("completed", "cancelled"):
        return fail(f"{path.name} is {record.status}: there is nothing to go on with")
    return watch_new(options, path, ui_of(path))

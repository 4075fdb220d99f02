"""Words about project files."""

from __future__ import annotations

import gc
import os
import shlex
import sys
from pathlib import Path

from msopt_tui.actions.common import EXIT_USAGE, cache_root, fail, is_terminal, load, runs_dir_of
from msopt_tui.actions.showing import add_to_queue, cockpit
from msopt_tui.arguments import Options, UsageError
from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import check_text
from msopt_tui.config.schema import ProjectTable, UiTable
from msopt_tui.runs.queue_file import QueueError, QueueStore
from msopt_tui.state.text import clean


def check(options: Options) -> int:
    """`msopt-tui check project.toml`: everything that can be known before training."""
    config, path = load(options)
    if config is None:
        return EXIT_USAGE
    gc.enable()
    if options.flag("--no-color"):
        os.environ["NO_COLOR"] = "1"
    from msopt_tui import checkup

    base_dir = path.resolve().parent
    return checkup.print_check(config, base_dir, cache_root(config), as_json=options.flag("--json"))


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
        return fail("nothing written: the questions were left")
    except NewError as error:
        print(f"msopt-tui: {error}", file=sys.stderr)
        return EXIT_USAGE
    print(f"{path} is written. Then:")
    ways = {"edit ": "look at it and change it", "check ": "the plan and the data; trains nothing", "": "start the run"}
    for word, what in ways.items():
        print(f"  msopt-tui {word}{shlex.quote(str(path)):<{12 + len('check ') - len(word)}}  {what}")
    return 0


def edit(options: Options) -> int:
    """`msopt-tui edit project.toml`: the editor of a project file, which may be a wrong one."""
    from msopt_tui.runs.project_file import ProjectFile

    if len(options.words) != 1:
        raise UsageError("edit which project file?  msopt-tui edit project.toml")
    try:
        file = ProjectFile(Path(options.words[0]))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    if not is_terminal(options):
        return fail("the editor needs a terminal; without one  msopt-tui check  says what is wrong with a file")
    try:
        ui = check_text(file.text, file.path).ui
    except ConfigError:  # what is wrong is what the editor shows
        ui = UiTable()
    return cockpit(options, None, ui, file)


def queue(options: Options) -> int:
    """`msopt-tui queue [a.toml b.toml …]`: add projects and work them off headless; without any, list the queue."""
    from msopt_tui import queueing

    runs_dir = runs_dir_of(options, ProjectTable())
    store = QueueStore(runs_dir)
    try:
        if not options.words:
            return _go_on(store, runs_dir)
        _add_to_queue(store, options)
    except QueueError as error:
        return fail(clean(str(error)))
    gc.enable()
    return queueing.work(runs_dir)


def _add_to_queue(store: QueueStore, options: Options) -> None:
    flags = [flag for flag in ("--json", "--in-process") if options.flag(flag)]
    values = [f"{name}={value}" for name, value in options.given("--runs-dir", "--resume").items()]
    arguments = [*options.overrides, *flags, *values]
    for word in options.words:
        add_to_queue(options, store, Path(word), arguments)


def _go_on(store: QueueStore, runs_dir: Path) -> int:
    from msopt_tui import queueing

    for line in queueing.list_queue(store):
        print(clean(line))
    if store.is_worked:
        print("worked off in the background")
    elif queueing.is_left(store.read()):
        try:
            worker = queueing.start_worker(runs_dir)
        except OSError as error:
            return fail(f"no worker can be started: {error.strerror}")
        if worker is not None:
            print(f"nobody was at it: process {worker.pid} goes on with it; what it says is in {store.log}")
            worker.returncode = 0  # it outlives us, which is no leak
    return 0


def schema(_: Options) -> int:
    """`msopt-tui schema`: the JSON Schema of project files."""
    from msopt_tui.config.json_schema import json_schema

    print(json_schema())
    return 0

"""What every word of the command line needs: the project file, the run that is meant, the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from msopt_tui.arguments import Options, UsageError
from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import load_project
from msopt_tui.config.schema import Config, ProjectTable, UiTable

EXIT_FAILED = 1
EXIT_USAGE = 3


def load(options: Options) -> tuple[Config | None, Path]:
    """The checked project file; `None` when its problems have been printed."""
    if len(options.words) != 1:
        raise UsageError("one project file is meant" + (f", not {len(options.words)}" if options.words else ""))
    path = Path(options.words[0])
    try:
        return load_project(path, options.overrides), path
    except ConfigError as error:
        print(error, file=sys.stderr)
        return None, path


def runs_dir_of(options: Options, project: ProjectTable) -> Path:
    """Where runs are kept: the command line's folder, the environment's, or the project's."""
    return Path(options.value("--runs-dir") or os.environ.get("MSOPT_TUI_RUNS") or project.runs_dir).absolute()


def cache_root(config: Config) -> Path:
    """Where prepared data is kept."""
    from msopt_tui.paths import cache_dir

    return Path(config.data.cache_dir).expanduser() if config.data.cache_dir else cache_dir()


def find_run(options: Options) -> Path | None:
    """The run that is meant; `None` when it has been said that there is none."""
    from msopt_tui.runs.history import RunNotFound, find, latest

    if len(options.words) > 1:
        raise UsageError("one run is meant")
    runs_dir = runs_dir_of(options, ProjectTable())
    try:
        found = find(runs_dir, options.words[0]) if options.words else latest(runs_dir)
    except RunNotFound as error:
        print(error, file=sys.stderr)
        return None
    if found is None:
        print(f"no run in {runs_dir}: start one with  msopt-tui PROJECT.toml", file=sys.stderr)
        return None
    return found.directory.path


def ui_of(path: Path) -> UiTable:
    """The screen settings of a run's project file; the defaults where it can't be read any more."""
    try:
        return load_project(path / "config.toml").ui
    except ConfigError:
        return UiTable()


def is_terminal(options: Options) -> bool:
    """Whether there is a terminal to draw on, and nobody asked for lines."""
    asked = options.flag("--headless") or options.flag("--json")
    return not asked and sys.stdout.isatty() and sys.stdin.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def fail(message: str) -> int:
    """Say what went wrong; returns the exit code for it."""
    print(f"msopt-tui: {message}", file=sys.stderr)
    return EXIT_FAILED

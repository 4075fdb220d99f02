"""Words that read what runs have left."""

from __future__ import annotations

import gc
from pathlib import Path

from msopt_tui.actions.common import EXIT_USAGE, fail, find_run, is_terminal, runs_dir_of
from msopt_tui.actions.showing import cockpit
from msopt_tui.arguments import Options, UsageError
from msopt_tui.config.schema import ProjectTable, UiTable


def history(options: Options) -> int:
    """`msopt-tui history`: the list of runs as the first screen."""
    as_tree = options.flag("--tree")
    if as_tree or not is_terminal(options):
        from msopt_tui import report

        return report.print_runs(runs_dir_of(options, ProjectTable()), as_tree=as_tree)
    return cockpit(options, None, UiTable())


def show(options: Options) -> int:
    """`msopt-tui show [RUN]`: summary and curves on standard output."""
    if options.flag("--json"):
        raise UsageError("show is for reading; as JSON:  msopt-tui export RUN [DIR] --json")
    found = find_run(options)
    if found is None:
        return EXIT_USAGE
    from msopt_tui import report

    return report.print_run(found)


def compare(options: Options) -> int:
    """`msopt-tui compare RUN RUN …`: settings that differ, metrics side by side, curves over each other."""
    from msopt_tui import compare as comparing
    from msopt_tui.state.compare import LETTERS

    wanted = list(options.words)
    if not 2 <= len(wanted) <= len(LETTERS):
        raise UsageError(f"compare takes 2 to {len(LETTERS)} runs, not {len(wanted)}")
    paths: list[Path] = []
    for name in wanted:
        options.words[:] = [name]
        found = find_run(options)
        if found is None:
            return EXIT_USAGE
        paths.append(found)
    gc.enable()
    return comparing.print_comparison(paths, as_json=options.flag("--json"))


def export(options: Options) -> int:
    """`msopt-tui export RUN [DIR]`: the figures of a run as files for other programs."""
    from msopt_tui.runs.export import export_run

    if not options.words:
        raise UsageError("export which run?  msopt-tui export RUN [DIR]")
    folder = options.words.pop(1) if len(options.words) > 1 else ""
    found = find_run(options)
    if found is None:
        return EXIT_USAGE
    target = Path(folder or f"{found.name}-export")
    try:
        done = export_run(found, target, "jsonl" if options.flag("--json") else "csv")
    except OSError as error:
        return fail(f"{target} can't be written: {error.strerror}: name another folder")
    print(f"{done.steps:,} steps and {done.evaluations:,} evaluations in {done.folder}")
    print(f"model: {done.model}" if done.model else "model: none; the run has not finished one")
    return 0


def reindex(options: Options) -> int:
    """`msopt-tui reindex`: rebuild `index.db` from the run directories."""
    from msopt_tui.runs.index import reindex as rebuild

    runs_dir = runs_dir_of(options, ProjectTable())
    try:
        print(f"{rebuild(runs_dir)} runs in {runs_dir}/index.db")
    except OSError as error:
        return fail(f"{runs_dir}/index.db can't be made anew: {error.strerror}: the runs are read without it")
    return 0

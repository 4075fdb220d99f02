"""The word for when something is wrong: the installation, or a run."""

from __future__ import annotations

from pathlib import Path

from msopt_tui.actions.common import EXIT_FAILED, EXIT_USAGE, fail, find_run, runs_dir_of
from msopt_tui.arguments import Options
from msopt_tui.config.schema import ProjectTable


def doctor(options: Options) -> int:
    """`msopt-tui doctor [RUN]`: the state of the installation, or a crash bundle of a run."""
    return _bundle(options) if options.words else _health(options)


def _health(options: Options) -> int:
    from msopt_tui.doctor.health import examine
    from msopt_tui.state.text import clean

    findings = examine(runs_dir_of(options, ProjectTable()))
    for one in findings:
        print(f"{'ok' if one.sound else 'BAD':<4}{one.name:<13} {clean(one.text)}")
    wrong = sum(not one.sound for one in findings)
    print(f"{wrong} to look at" if wrong else "all is well")
    return EXIT_FAILED if wrong else 0


def _bundle(options: Options) -> int:
    from msopt_tui.doctor.bundle import bundle_run
    from msopt_tui.state.text import clean

    found = _damaged(options) or find_run(options)
    if found is None:
        return EXIT_USAGE
    try:
        done = bundle_run(found, Path.cwd(), with_log=options.flag("--with-log"))
    except OSError as error:
        return fail(f"the bundle can't be written here ({error.strerror}): go to another folder")
    print(f"{clean(found.name)}\n" + "\n".join(f"  {clean(line)}" for line in done.diagnosis))
    print(f"bundle: {clean(str(done.path))}")
    if options.flag("--with-log"):
        print("With the end of output.log as it is: read it before you send it.")
    print(f"{done.left_out:,} texts, lines and events are left out, counted by place in left-out.json.")
    return 0


def _damaged(options: Options) -> Path | None:
    """A run directory by its path of which too little is left for it to be found as a run."""
    if len(options.words) != 1:
        return None
    path = Path(options.words[0])
    try:
        names = {one.name for one in path.iterdir()}
    except OSError:  # no folder, so it is a run's name
        return None
    return path.resolve() if names & {"config.toml", "output.log", "checkpoints"} else None

"""The engine host: a process of its own session that runs one engine and lives as long as the run.

Started by `launch`, never by hand: `python -m msopt_tui.engine.host RUN_DIRECTORY [--unattended]`.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

from msopt_tui.config.load import load_project
from msopt_tui.engine.engine import Engine
from msopt_tui.engine.launch import base_dir_of
from msopt_tui.engine.restart import Restart, Supervisor, end_like
from msopt_tui.paths import cache_dir
from msopt_tui.protocol.commands import Stop
from msopt_tui.protocol.events import Noted
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.runs.lock import RunLock, RunLocked

EXIT_REQUEUE = 75
"""EX_TEMPFAIL: a batch system that warned by SIGUSR1 may queue the job again."""


def main(arguments: list[str]) -> int:
    """Run the engine of one run directory to its end; returns the exit code."""
    faulthandler.enable()
    directory = RunDirectory(Path(arguments[0]))
    somebody_watches = "--unattended" not in arguments
    limit = load_project(directory.config).resources.max_restarts
    if limit == 0:
        return _serve(directory, somebody_watches, None)

    def serve(restart: Restart | None) -> int:
        return _serve(directory, somebody_watches, restart)

    supervisor = Supervisor(serve, limit, _exit_code, lambda restart, delay: _between(directory, restart, delay))
    return end_like(supervisor.run())


@contextmanager
def _between(directory: RunDirectory, restart: Restart, delay: float) -> Iterator[bool]:
    """Keep the run ours until its next engine starts, and say what is waited for; False if somebody else has it."""
    lock = RunLock(directory.lock)
    try:
        lock.acquire()
    except RunLocked as error:
        print(error, flush=True)
        yield False
        return
    try:
        with closing(JournalWriter(directory.events)) as writer:
            writer.append([Noted(level="warning", text=f"{restart.words} in {delay:.0f} s")])
        yield True
    finally:
        lock.release()


def _serve(directory: RunDirectory, somebody_watches: bool, restart: Restart | None) -> int:
    engine = make_engine(directory, somebody_watches=somebody_watches, restart=restart)
    _install_signals(engine)
    try:
        engine.serve()
    except RunLocked as error:
        print(error, flush=True)
        return 1
    return engine.ended.exit_code if engine.ended else 1


def make_engine(directory: RunDirectory, *, somebody_watches: bool, restart: Restart | None = None) -> Engine:
    """An engine over a run directory as `launch.create_run` made it."""
    config = load_project(directory.config)
    cache = Path(config.data.cache_dir).expanduser() if config.data.cache_dir else cache_dir()
    return Engine(
        directory,
        config,
        base_dir=base_dir_of(directory),
        cache_root=cache,
        somebody_watches=somebody_watches,
        restart=restart,
    )


def _install_signals(engine: Engine) -> None:
    """SIGTERM and SIGUSR1 save and stop, a second one ends at once; a hang-up is none of our business."""
    asked = 0

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        code = _exit_code(number)
        if asked > 1:
            # Nothing is torn: checkpoints appear by rename, the journal bears a torn last line.
            os._exit(code)
        engine.submit(Stop(who=signal.Signals(number).name, exit_code=code))

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _exit_code(number: int) -> int:
    return EXIT_REQUEUE if number == signal.SIGUSR1 else 128 + number


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]  # a text file in our own host
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # A worker stuck in a kernel and library threads at exit must not turn a finished run into a hang.
    os._exit(code)

"""`msopt-tui queue a.toml b.toml …`: projects one after another, whatever becomes of one, of the terminal, or of us.

The queue itself is a file in the runs folder (`runs.queue_file`). One worker at a time works it off: the command in the
foreground, or a process of its own that `start_worker` starts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TextIO

import msgspec

from msopt_tui.runs.alive import is_alive
from msopt_tui.runs.directory import PRIVATE_FILE, RunDirectory
from msopt_tui.runs.lock import RunLocked
from msopt_tui.runs.queue_file import Entry, Queue, QueueError, QueueStore
from msopt_tui.runs.queue_runs import run_of
from msopt_tui.runs.record import OVER, read_record
from msopt_tui.state.numbers import duration
from msopt_tui.state.text import clean

POLL_SECONDS = 0.5
"""Between two looks at a run that another worker began."""


class Worker:
    """Each project runs headless in a process of its own; their lines are passed on as they come.

    A terminal that goes away ends nothing: SIGHUP is ignored, and lines that nobody can read are dropped here (each
    run keeps its own journal). SIGINT and SIGTERM go to the project under way, which saves and stops; no other begins,
    and those that wait stay in the queue. What a killed worker had under way is waited for where its engine lives, and
    resumed where it does not.
    """

    def __init__(self, store: QueueStore, out: TextIO | None = None) -> None:
        self._store = store
        self._out = out or sys.stdout
        self._process: subprocess.Popen[str] | None = None
        self._signal = 0
        self.done: list[Entry] = []

    def run(self) -> int:
        """Work the queue off; 0 where all went well, 1 where any did not, 128 + n where signal n ended it.

        Raises RunLocked where another worker is at it, QueueError where the queue can't be read or written.
        """
        lock = self._store.worker_lock()
        lock.acquire()
        try:
            self._hear_signals()
            self._take_over()
            while not self._is_stopping() and (entry := self._store.take(lock)) is not None:
                self._have_its_turn(entry)
        finally:
            lock.release()
        for line in summary(self.done, self._store.read().count("waiting")):
            self._say(line)
        return 128 + self._signal if self._signal else int(any(entry.exit_code for entry in self.done))

    def _is_stopping(self) -> bool:
        return bool(self._signal)

    def _hear_signals(self) -> None:
        with contextlib.suppress(AttributeError):  # there is no such signal on every system
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _take_over(self) -> None:
        """What stands as under way was left by a worker that is no more, since its lock is ours."""
        for entry in self._store.read().entries:
            if entry.status != "running" or self._is_stopping():
                continue
            self._say(f"── {entry.project}: was under way when its worker went without a word")
            run = run_of(entry)
            if run is None:
                self._have_its_turn(entry)
                continue
            self._wait_for(run)
            record = read_record(RunDirectory(run).state)
            if self._is_stopping():
                return  # its engine goes on, and the next worker finds it so
            if record is not None and record.status in OVER:
                self._finish(entry, 0 if record.status == "completed" else record.exit_code or 1, run)
            else:
                self._have_its_turn(entry, run)

    def _wait_for(self, run: Path) -> None:
        directory = RunDirectory(run)
        while not self._is_stopping() and is_alive(read_record(directory.state), directory.lock):
            time.sleep(POLL_SECONDS)

    def _have_its_turn(self, entry: Entry, resumed: Path | None = None) -> None:
        self._say(f"── {entry.project}" + (f" goes on from {resumed.name}" if resumed else ""))
        code = self._run_one(entry, resumed)
        self._finish(entry, code, resumed or run_of(entry))

    def _finish(self, entry: Entry, code: int, run: Path | None) -> None:
        finished = msgspec.structs.replace(
            entry, status="failed" if code else "done", exit_code=code, ended=time.time(), run=str(run or "")
        )
        self.done.append(finished)
        self._store.change(lambda queue: queue.put(finished))

    def _run_one(self, entry: Entry, resumed: Path | None) -> int:
        arguments = [word for word in entry.arguments if not (resumed and word.startswith("--resume"))]
        again = [f"--resume={resumed}"] if resumed else []
        command = [sys.executable, "-m", "msopt_tui", entry.project, *arguments, *again, "--headless"]
        # A session of its own: the terminal's signals reach it through us alone, and once.
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd=entry.folder,
            )
        except OSError as error:
            self._say(f"not begun: {error}")
            return 1
        self._process = process
        if self._signal:  # it came between the last look and now
            process.send_signal(self._signal)
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._say(line.rstrip("\n"))
        code = process.wait()
        self._process = None
        return 128 - code if code < 0 else code

    def _say(self, line: str) -> None:
        # A terminal or a pipe that is gone: the runs matter, not who reads about them.
        with contextlib.suppress(OSError, ValueError):
            print(clean(line), file=self._out, flush=True)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._signal = self._signal or number
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


def summary(done: Sequence[Entry], waiting: int) -> list[str]:
    """What became of each project whose turn came."""
    failed = sum(bool(entry.exit_code) for entry in done)
    left = f"{waiting} left{'; msopt-tui queue goes on with them' if waiting else ''}"
    return ["── queue", *map(line_of, done), f"{len(done) - failed} done, {failed} failed, {left}"]


def line_of(entry: Entry) -> str:
    """One project as a line for a terminal."""
    words = {
        "waiting": "· waiting",
        "running": "▶ running",
        "done": "✓ done",
        "failed": f"✗ exit code {entry.exit_code}",
    }
    took = (entry.ended or time.time()) - entry.began if entry.began else 0.0
    return f"{words[entry.status]:<16}{duration(took) if took else '':>9}  {entry.project}"


def list_queue(store: QueueStore) -> list[str]:
    """The queue as lines. Raises QueueError."""
    queue = store.read()
    if not queue.entries:
        return [f"nothing in {store.path}: msopt-tui queue a.toml b.toml adds projects"]
    counts = ", ".join(
        f"{queue.count(status)} {status}" for status in ("done", "failed", "running", "waiting") if queue.count(status)
    )
    return [*map(line_of, queue.entries), counts]


def is_left(queue: Queue) -> bool:
    """Whether there is something to do."""
    return any(not entry.finished for entry in queue.entries)


def start_worker(runs_dir: Path) -> subprocess.Popen[bytes] | None:
    """Have the queue worked off by a process in a session of its own, unless one is at it. Raises OSError."""
    store = QueueStore(runs_dir)
    if store.is_worked:
        return None
    log = os.open(store.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "msopt_tui.queueing", str(runs_dir)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)


def work(runs_dir: Path) -> int:
    """Work the queue off in this process; where another is at it already, or it can't be read, say so."""
    try:
        return Worker(QueueStore(runs_dir)).run()
    except RunLocked as error:
        owner = f" (process {error.pid})" if error.pid else ""
        print(f"another worker{owner} is at this queue and takes these in their turn: msopt-tui queue lists it")
        return 0
    except QueueError as error:
        print(f"msopt-tui: {clean(str(error))}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1])))

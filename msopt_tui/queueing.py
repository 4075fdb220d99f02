"""`msopt-tui queue a.toml b.toml …`: projects one after another, whatever becomes of one or of the terminal."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import NamedTuple, TextIO

from msopt_tui.state.numbers import duration
from msopt_tui.state.text import clean


class Done(NamedTuple):
    """One project of the queue, after its turn."""

    project: str
    exit_code: int
    seconds: float


class Queue:
    """Each project runs headless in a process of its own; their lines are passed on as they come.

    A terminal that goes away ends nothing: SIGHUP is ignored, and lines that nobody can read are dropped here (each
    run keeps its own journal). SIGINT and SIGTERM go to the project under way, which saves and stops; no other begins.
    """

    def __init__(self, projects: Sequence[str], arguments: Sequence[str], out: TextIO | None = None) -> None:
        """`arguments` are given to every project: overrides and options."""
        self._projects = projects
        self._arguments = list(arguments)
        self._out = out or sys.stdout
        self._process: subprocess.Popen[str] | None = None
        self._signal = 0
        self.done: list[Done] = []

    def run(self) -> int:
        """Work the queue off; 0 where all went well, 1 where any did not, 128 + n where signal n ended it."""
        with contextlib.suppress(AttributeError):  # there is no such signal on every system
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        for place, project in enumerate(self._projects, 1):
            if self._signal:
                break
            self._say(f"── {place} of {len(self._projects)}: {project}")
            began = time.monotonic()
            code = self._run_one(project)
            self.done.append(Done(project, code, time.monotonic() - began))
        for line in self.summary():
            self._say(line)
        if self._signal:
            return 128 + self._signal
        return int(any(done.exit_code for done in self.done))

    def summary(self) -> list[str]:
        """What became of each project, those that had no turn too."""
        lines = ["── queue"]
        for done in self.done:
            word = "✓ done" if not done.exit_code else f"✗ exit code {done.exit_code}"
            lines.append(f"{word:<16}{duration(done.seconds):>9}  {done.project}")
        lines += [f"{'· not begun':<25}  {project}" for project in self._projects[len(self.done) :]]
        failed = sum(bool(done.exit_code) for done in self.done)
        return [*lines, f"{len(self.done) - failed} done, {failed} failed, {len(self._projects) - len(self.done)} left"]

    def _run_one(self, project: str) -> int:
        command = [sys.executable, "-m", "msopt_tui", project, *self._arguments, "--headless"]
        # A session of its own: the terminal's signals reach it through us alone, and once.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
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

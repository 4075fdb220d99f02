"""The stall watchdog: says when the worker has shown no progress for too long, and when it goes on.

Progress is any event of the worker: a step, a batch evaluated, rows prepared, a command served. A run that waits for
a person is not at work, so it never stalls. Nothing is killed: a kernel that hangs may come back, and whoever looks
has the stacks to decide by.
"""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from msopt_tui.protocol.supervision_events import Stalled, StallEnded
from msopt_tui.state.parts import Status

WAITS: frozenset[Status] = frozenset({"paused", "deciding", "completed", "stopped", "cancelled", "failed"})
"""Nothing is expected of the worker in these."""
LOOK_SECONDS = 5.0
"""Looked at no more often than this apart, the whole process was stopped (SIGSTOP, a debugger): not counted."""


class StallWatch:
    """Looked at from the engine's main thread; `progress` is called from the worker."""

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`limit` in seconds; 0 never says anything."""
        self._limit = limit
        self._clock = clock
        self._latest = self._looked = clock()
        self._since: float | None = None
        """When the stall began that was told of; `None` while there is none."""

    def progress(self) -> None:
        """The worker did something."""
        self._latest = self._clock()

    def look(self, status: Status, step: int) -> Stalled | StallEnded | None:
        """What is to be said now, if anything."""
        now = self._clock()
        if self._limit <= 0:
            return None
        if now - self._looked > LOOK_SECONDS:
            self._latest += now - self._looked
        self._looked = now
        if self._since is not None:
            if self._latest <= self._since:
                return None
            began, self._since = self._since, None
            return StallEnded(seconds=round(self._latest - began, 3), step=step)
        if status in WAITS:
            self._latest = now
        elif now - self._latest >= self._limit:
            self._since = self._latest
            return Stalled(seconds=round(now - self._latest, 3), step=step, doing=status)
        return None


def write_stacks(log: Path, why: str) -> None:
    """Append the stacks of all threads to a log. Raises OSError."""
    with log.open("ab", buffering=0) as file:
        file.write(f"--- {why}: the stacks of all threads ---\n".encode())
        faulthandler.dump_traceback(file, all_threads=True)
        file.write(b"--- end of the stacks ---\n")


class HangWatch:
    """Writes the stacks when not even the main thread gets a turn: native code that never lets go of the interpreter.

    The interpreter's own watchdog thread, which needs no turn itself; it is wound up again by `here`.
    """

    def __init__(self, log: Path, limit: float) -> None:
        """`limit` in seconds; 0 never writes anything."""
        self._path = log
        self._limit = limit
        self._log: BinaryIO | None = None

    def __enter__(self) -> Self:
        if self._limit > 0:
            try:
                self._log = self._path.open("ab", buffering=0)
            except OSError as error:
                print(f"no stacks of a hang will be written: {error}", flush=True)
        self.here()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._log is not None:
            faulthandler.cancel_dump_traceback_later()
            self._log.close()

    def here(self) -> None:
        """The main thread has its turn."""
        if self._log is not None:
            faulthandler.dump_traceback_later(self._limit, file=self._log)

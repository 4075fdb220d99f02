"""The GPU worker: the one thread that touches torch."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable

from msopt_tui.protocol.events import RunEnded

Work = Callable[[], RunEnded]


class GpuWorker(threading.Thread):
    """Runs the work and reports its end, whatever that is."""

    def __init__(self, work: Work, ended: Callable[[RunEnded], None], step: Callable[[], int]) -> None:
        # A daemon: a kernel that never comes back must not keep the process from ending.
        super().__init__(name="gpu-worker", daemon=True)
        self._work = work
        self._ended = ended
        self._step = step

    def run(self) -> None:
        """Do the work. Also SystemExit and KeyboardInterrupt of a library are ends of the run, not of the process."""
        try:
            end = self._work()
        except BaseException as error:  # noqa: BLE001  # the thread's outermost frame: all there is becomes an event
            traceback.print_exc(file=sys.stderr)
            end = RunEnded(status="failed", step=self._step(), reason=in_one_line(error), exit_code=1)
        self._ended(end)


def in_one_line(error: BaseException) -> str:
    """Type and message of an exception; a user's mistake is said without the type."""
    message = " ".join(str(error).split())
    if isinstance(error, ValueError) and message:
        return message[:500]
    return f"{type(error).__name__}: {message}"[:500] if message else type(error).__name__

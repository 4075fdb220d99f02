"""Supervised restarts: a parent that does nothing but wait for the engine's process and start it again.

It is the host's own process, forked before anything heavy is loaded, and there is one only where
`resources.max_restarts` asks for it. Not the cockpit: that may be detached, or gone with its terminal, when the run
needs it. Not the batch system: there is none on most machines. Its memory is what it shares with the engine.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import NamedTuple, NoReturn

from msopt_tui.runs.alive import signal_name

DELAY_SECONDS = 1.0
"""Before the first restart; each further one waits twice as long."""
LONGEST_DELAY = 60.0
LOOK_SECONDS = 0.1
"""Between two looks whether the engine is still there."""
DELIBERATE = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
"""Deaths that somebody asked for. SIGKILL is not among them: it is also how the kernel frees memory."""
_FORWARDED = (signal.SIGTERM, signal.SIGUSR1)


class Restart(NamedTuple):
    """Why an engine is here again."""

    attempt: int
    """Of this host, from 1."""
    limit: int
    signal: int
    """That ended the one before."""

    @property
    def words(self) -> str:
        """For the journal."""
        return f"the engine was ended by {signal_name(self.signal)}: restart {self.attempt} of {self.limit}"


def delay_of(count: int) -> float:
    """Seconds before a restart: 1, 2, 4, … 60."""
    return min(DELAY_SECONDS * 2.0 ** (count - 1), LONGEST_DELAY)


Meanwhile = Callable[[Restart, float], AbstractContextManager[bool]]
"""What is done while a restart is waited for, so many seconds; whether there still is one to wait for."""


class Supervisor:
    """Runs `work` in a child process, again while a signal ends it, `limit` times at most."""

    def __init__(
        self,
        work: Callable[[Restart | None], int],
        limit: int,
        exit_code: Callable[[int], int],
        meanwhile: Meanwhile = lambda restart, seconds: nullcontext(True),
    ) -> None:
        """`exit_code` says what the process returns for a signal that asked it to stop while no engine was there."""
        self._work = work
        self._limit = limit
        self._exit_code = exit_code
        self._meanwhile = meanwhile
        self._child = 0
        self._asked = 0

    def run(self) -> int:
        """The exit code of the last child: negative for a signal, as `waitstatus_to_exitcode` says it."""
        for number in _FORWARDED:
            signal.signal(number, self._forward)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        restart: Restart | None = None
        while True:
            code = self._once(restart)
            count = restart.attempt + 1 if restart else 1
            if code >= 0 or self._asked or -code in DELIBERATE or count > self._limit:
                return code
            restart = Restart(count, self._limit, -code)
            delay = delay_of(count)
            print(f"{restart.words} in {delay:.0f} s", flush=True)
            with self._meanwhile(restart, delay) as goes_on:
                if not goes_on:
                    return code
                if not self._wait(delay):
                    return self._exit_code(self._asked)

    def _once(self, restart: Restart | None) -> int:
        # A signal between the fork and the note of its number would reach nobody.
        signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
        self._child = os.fork()
        if self._child == 0:
            for number in _FORWARDED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
            self._be_the_engine(restart)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
        status = self._end_of_child()
        self._child = 0
        return os.waitstatus_to_exitcode(status)

    def _end_of_child(self) -> int:
        """Looks again and again: a signal that comes just before a call that blocks is served when that returns."""
        while True:
            pid, status = os.waitpid(self._child, os.WNOHANG)
            if pid:
                return status
            time.sleep(LOOK_SECONDS)

    def _be_the_engine(self, restart: Restart | None) -> NoReturn:
        """In the child: nothing may unwind into the frames above, which are the parent's."""
        code = 1
        try:
            code = self._work(restart)
        except BaseException:  # noqa: BLE001  # the child's outermost frame
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    def _wait(self, seconds: float) -> bool:
        """Whether nobody asked to stop meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._asked:
            time.sleep(0.05)
        return not self._asked

    def _forward(self, number: int, _: FrameType | None) -> None:
        self._asked = number
        if self._child:
            os.kill(self._child, number)


def end_like(code: int) -> int:
    """End this process as its child ended, so that whoever waits for it sees the signal; returns other exit codes."""
    if code >= 0:
        return code
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one core file, the child's, is enough
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code

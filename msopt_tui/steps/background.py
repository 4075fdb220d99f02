"""Work beside the worker thread, whose result is collected; and how far work is, for whoever tells of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from msopt_tui.protocol.events import Phase
from msopt_tui.state.work import kind_of

T = TypeVar("T")


PAUSE_SECONDS = 0.02
"""About two steps of a network so small that a save holds it up at all."""


class Pace:
    """Work in short pieces far apart: all at once it would hold up the steps of a small network, whose time is mostly
    the interpreter's."""

    def __init__(self) -> None:
        self._hurried = threading.Event()

    def pause(self) -> None:
        """Called by the work between two pieces."""
        self._hurried.wait(PAUSE_SECONDS)

    def hurry(self) -> None:
        """Somebody waits: no pauses from now on."""
        self._hurried.set()


class Job(Generic[T]):
    """Begins at once on a thread of its own; whatever it raises is raised where the result is taken.

    It touches neither torch nor events.
    """

    def __init__(self, work: Callable[[Pace], T], name: str) -> None:
        self._work = work
        self._pace = Pace()
        self._result: T
        self._error: BaseException | None = None
        self.done = False
        """Whether `result` is there without waiting."""
        # A daemon: a disk that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._work(self._pace)
        except BaseException as error:  # noqa: BLE001  # handed over to whoever takes the result
            self._error = error
        self.done = True

    def result(self) -> T:
        """Wait for the end; returns what the work returned or raises what it raised."""
        self._pace.hurry()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result


class Reading(NamedTuple):
    """How far a piece of work is."""

    phase: Phase
    detail: str
    """What is being done."""
    done: int
    total: int
    """0 where the end is not known."""
    unit: str
    """Empty where there is nothing to count."""
    began: float
    """By the monotonic clock."""


class Gauge:
    """How far work is: moved by the thread that does it, read by any other, which need not wait for it."""

    def __init__(self) -> None:
        self._reading: Reading | None = None

    def show(self, phase: Phase, detail: str, done: int = 0, total: int = 0, unit: str = "") -> None:
        """So far it is; called as often as one likes. Other work, or less of it done, begins anew."""
        before, kind = self._reading, (phase, unit, kind_of(detail))
        goes_on = before is not None and kind == (before.phase, before.unit, kind_of(before.detail))
        began = before.began if before is not None and goes_on and done >= before.done else time.monotonic()
        self._reading = Reading(phase, detail, done, total, unit, began)

    def move(self, units: int) -> None:
        """So many more are done, of all at most."""
        before = self._reading
        assert before is not None, "shown first"
        self._reading = before._replace(done=min(before.done + units, before.total))

    def end(self) -> None:
        """Nothing is under way."""
        self._reading = None

    @property
    def reading(self) -> Reading | None:
        """What is under way; `None` while nothing is."""
        return self._reading

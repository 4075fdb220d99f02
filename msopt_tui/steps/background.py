"""One piece of work beside the worker thread: it touches neither torch nor events, and its result is collected."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Job(Generic[T]):
    """Begins at once on a thread of its own; whatever it raises is raised where the result is taken."""

    def __init__(self, work: Callable[[], T], name: str) -> None:
        self._work = work
        self._result: T
        self._error: BaseException | None = None
        self.done = False
        """Whether `result` is there without waiting."""
        # A daemon: a disk that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # noqa: BLE001  # handed over to whoever takes the result
            self._error = error
        self.done = True

    def result(self) -> T:
        """Wait for the end; returns what the work returned or raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result


class Gauge:
    """How far work beside the worker is: moved by the thread that does it, read by any other."""

    def __init__(self) -> None:
        self._what, self._done, self._total = "", 0, 0

    def begin(self, what: str, total: int) -> None:
        """Another piece of work, of so many units."""
        self._done, self._total, self._what = 0, total, what

    def move(self, units: int) -> None:
        """So many more are done."""
        self._done += units

    def end(self) -> None:
        """Nothing is under way."""
        self._what = ""

    @property
    def reading(self) -> tuple[str, int, int] | None:
        """What is done, how much of it, of how much; `None` while nothing is."""
        return (self._what, min(self._done, self._total), self._total) if self._what else None

"""Long work and whoever waits for it: hears how far it is and may end it, also where a library does it in one go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import NamedTuple, TypeVar

T = TypeVar("T")

Progress = Callable[[int, int, str, str], None]
"""Hears (done, total, unit, detail); total is 0 where the end is not known, and the unit, in the plural, is empty where
nothing can be counted. Called often: whoever listens thins it out."""
Check = Callable[[], None]
"""Called often; what it raises ends the work."""

LOOK_SECONDS = 0.1
TIDY_SECONDS = 1.0
"""How long work that is given up has to clean up behind itself before nobody waits for it any more."""


class Watcher(NamedTuple):
    """Who waits."""

    progress: Progress
    check: Check


UNWATCHED = Watcher(lambda *_: None, lambda: None)


class Abandoned(BaseException):
    """Nobody waits any more: not an error, so that no library takes it for one and tries again."""


class Account:
    """How far work on another thread is; that thread says it and is told here to end."""

    def __init__(self, what: str) -> None:
        self.so_far = (0, 0, "", what)
        """As `Progress` hears it."""
        self._abandoned = False

    def show(self, detail: str, done: int = 0, total: int = 0, unit: str = "") -> None:
        """So far it is. Raises Abandoned where nobody waits any more."""
        if self._abandoned:
            raise Abandoned
        self.so_far = (done, total, unit, detail)

    def abandon(self) -> None:
        """Nobody waits any more."""
        self._abandoned = True


def beside(what: str, work: Callable[[Account], T], watcher: Watcher, give_up: Callable[[], None] = lambda: None) -> T:
    """What `work` returns or raises on a thread of its own; this one tells of it, as `what` to begin with, and checks.

    What the check raises ends it: `give_up` is called and the work has a moment to clean up.
    """
    account, outcome = Account(what), Future[T]()

    def run() -> None:
        try:
            outcome.set_result(work(account))
        except BaseException as error:  # noqa: BLE001  # handed over to whoever waits
            outcome.set_exception(error)

    # A daemon: a server that never answers must not keep the process from ending.
    threading.Thread(target=run, name="beside", daemon=True).start()
    try:
        while not wait([outcome], LOOK_SECONDS).done:
            watcher.check()
            watcher.progress(*account.so_far)
    except BaseException:
        account.abandon()
        give_up()
        wait([outcome], TIDY_SECONDS)
        raise
    watcher.progress(*account.so_far)
    return outcome.result()

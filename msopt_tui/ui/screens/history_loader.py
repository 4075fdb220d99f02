"""Reads the list of runs on a thread of its own: a slow disk never holds up a key."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple

from msopt_tui.runs.query import Listing
from msopt_tui.runs.row import RunRow


class Loaded(NamedTuple):
    """What came of reading."""

    listing: Listing
    error: str
    """Why there is nothing; empty when it went well."""
    seconds: float


class Loader:
    """One reading at a time. The thread is a daemon: leaving the program never waits for a disk."""

    def __init__(self, load: Callable[[], Sequence[RunRow]]) -> None:
        self._load = load
        self._results: SimpleQueue[Loaded] = SimpleQueue()
        self._busy = False

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return self._busy

    def start(self) -> None:
        """Begin to read, unless that is under way."""
        if not self._busy:
            self._busy = True
            threading.Thread(target=self._run, name="history", daemon=True).start()

    def result(self) -> Loaded | None:
        """What was read, once; `None` while there is nothing new."""
        try:
            loaded = self._results.get_nowait()
        except Empty:
            return None
        self._busy = False
        return loaded

    def _run(self) -> None:
        begun = time.monotonic()
        try:
            listing, error = Listing(self._load()), ""
        except Exception as failure:  # noqa: BLE001  # whatever it is, it is shown, and the next reading may do better
            listing, error = Listing(()), f"{type(failure).__name__}: {failure}"
        self._results.put(Loaded(listing, error, time.monotonic() - begun))

"""Says how far work beside the worker is, from the engine's main thread: the worker need not stop for it."""

from __future__ import annotations

from msopt_tui.protocol.events import Progressed
from msopt_tui.steps.background import Gauge

PROGRESS_SECONDS = 0.5
"""Between two reports; what takes less is not told of."""


class Telling:
    """Looks at the checkpoint that is being written."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._what = ""
        self._next = 0.0

    def look(self, now: float) -> Progressed | None:
        """What is to be said at this time (seconds); `None` where nothing is."""
        reading = self._gauge.reading
        if reading is None:
            self._what = ""
            return None
        what, done, total = reading
        if what != self._what:
            self._what, self._next = what, now + PROGRESS_SECONDS
        if now < self._next:
            return None
        self._next = now + PROGRESS_SECONDS
        return Progressed(phase="train", done=done, total=total, unit="bytes", detail=what)

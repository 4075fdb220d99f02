"""Says how far work is, from the engine's main thread: the worker need not stop for it, nor get round to it."""

from __future__ import annotations

from msopt_tui.protocol.events import Phase, Progressed
from msopt_tui.steps.background import Gauge

PROGRESS_SECONDS = 0.5
"""Between two reports; what takes less is not told of."""


class Telling:
    """Looks at one gauge."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._next: float | None = None
        self._told: Phase | None = None
        """Of the work that was told of and goes on."""
        self._seen: tuple[str, int] | None = None
        self.moved = False
        """Whether more was done, or other work begun, between the latest two looks."""

    def look(self, now: float) -> Progressed | None:
        """What is to be said at this time (seconds by the monotonic clock); `None` where nothing is."""
        reading = self._gauge.reading
        seen = (reading.detail, reading.done) if reading is not None else None
        self.moved, self._seen = seen != self._seen, seen
        if reading is None:
            over, self._told, self._next = self._told, None, None
            return Progressed(phase=over, done=0, total=0, unit="") if over is not None else None
        if self._next is None:
            self._next = now + PROGRESS_SECONDS
        if now < self._next:
            return None
        self._next, self._told = now + PROGRESS_SECONDS, reading.phase
        return Progressed(
            phase=reading.phase,
            done=reading.done,
            total=reading.total,
            unit=reading.unit,
            detail=reading.detail,
            seconds=round(max(0.0, now - reading.began), 3),
        )

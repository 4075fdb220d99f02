"""Reads a run from its link into a `RunState`, in slices short enough for keys to get through."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msopt_tui.link.base import EngineLink

if TYPE_CHECKING:
    from msopt_tui.link.ahead import Ahead

SLICE_SECONDS = 0.015
"""The longest a read of the journal holds up the keys."""
SILENT_SECONDS = 30.0
"""An engine at work says something every few seconds: a journal silent for longer has none."""

Standing = Literal["", "reading", "connecting", "lost", "read only", "no engine"]
"""What the link adds to the status of the run; empty while all is well."""


class Feed:
    """A run as it is watched: the link and what came of its events so far."""

    def __init__(self, link: EngineLink, ahead: Ahead | None = None) -> None:
        """`ahead` reads the past already, and is given up with the feed."""
        from msopt_tui.state.run_state import RunState

        self.link = link
        self._ahead = ahead
        self.state = RunState()

    @property
    def run_dir(self) -> Path:
        """Directory of the run."""
        return self.link.run_dir

    @property
    def behind(self) -> bool:
        """Whether more of the journal waits to be read."""
        return self._ahead is not None or self.link.behind

    @property
    def is_waiting(self) -> bool:
        """Whether another process reads the past: there is nothing to show yet, and nothing to do here."""
        return self._ahead is not None

    @property
    def share(self) -> float | None:
        """How much of a long past is read, 0 to 1; `None` where that is a matter of a moment."""
        return self._ahead.share if self._ahead is not None else None

    @property
    def alive(self) -> bool:
        """Whether an engine is there, or may be, to take commands."""
        return self.link.status in ("connecting", "live") and not self.state.over

    @property
    def lost(self) -> bool:
        """Whether the engine died without a word."""
        return self.link.status == "lost" and not self.state.over

    @property
    def resumable(self) -> bool:
        """Whether there is something to go on with and no engine at it."""
        if self.state.ended is not None:
            return self.state.ended.status in ("stopped", "failed")
        return self.standing in ("lost", "no engine")

    @property
    def at_rest(self) -> bool:
        """Whether nobody is at work on the run, as far as can be told."""
        return not self.behind and (self.state.over or self.standing in ("lost", "no engine"))

    @property
    def standing(self) -> Standing:
        """What is to be said besides the status that the journal tells of."""
        status = self.link.status
        if self.behind:
            return "reading"
        if self.lost:
            return "lost"
        if status == "connecting" and self.state.started is None:
            return "connecting"
        if status != "readonly":
            return ""
        is_silent = not self.state.over and time.time() - self.state.last_time > SILENT_SECONDS
        return "no engine" if is_silent else "read only"

    def read(self) -> bool:
        """Fold in what has come since; whether there was anything."""
        if self._ahead is not None and not self._ahead.is_done():
            return False
        before = self.state.version
        if self._ahead is not None:
            past, self._ahead = self._ahead.past(), None
            if past is not None:
                self.state = past.state
                self.link.go_on_from(past.tail)
        self.state.apply_all(self.link.poll(SLICE_SECONDS))
        return self.state.version != before

    def close(self) -> None:
        """Let go of the run; it goes on."""
        if self._ahead is not None:
            self._ahead.drop()
            self._ahead = None
        self.link.close()

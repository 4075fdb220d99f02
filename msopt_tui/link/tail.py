"""The events of a run from its journal: the half that every link shares, and the link that has no other half."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.link.base import LinkClosed, LinkStatus
from msopt_tui.protocol.commands import Command
from msopt_tui.protocol.events import EngineStarted, Event, RunEnded, RunStarted
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalReader

if TYPE_CHECKING:
    from msopt_tui.state.evaluations import EvaluationLines


class JournalTail:
    """Reads a run's events from the first to the latest and knows whether its engine said goodbye."""

    def __init__(self, run_dir: Path) -> None:
        self.directory = RunDirectory(run_dir)
        self._reader = JournalReader(self.directory.events)
        self.ended: RunEnded | None = None
        """The end of the run, unless it was taken up again after that."""
        self.empty = True
        """Whether there was no event yet."""

    @property
    def behind(self) -> bool:
        """Whether more is waiting."""
        return self._reader.behind

    @property
    def share(self) -> float:
        """How much of the journal was read, 0 to 1."""
        return self._reader.share

    @property
    def error(self) -> str:
        """Why the journal can't be read; empty while it can."""
        return self._reader.error and f"the journal can't be read: {self._reader.error}"

    def read(self, seconds: float) -> list[Event]:
        """Events since the last read, for `seconds` at most."""
        events = self._reader.read(seconds)
        self._look_at(events)
        return events

    def read_packed(self, seconds: float) -> list[Event | EvaluationLines]:
        """The same, with the evaluations of a long past still as lines."""
        events = self._reader.read_packed(seconds)
        self._look_at(events)
        return events

    def _look_at(self, events: Sequence[object]) -> None:
        self.empty = self.empty and not events
        for event in reversed(events):
            if isinstance(event, RunEnded | EngineStarted | RunStarted):
                self.ended = event if isinstance(event, RunEnded) else None
                break


class JournalLink:
    """An `EngineLink` without an engine: a run of the past, or one that is only watched."""

    def __init__(self, run_dir: Path, reason: str = "this run is only shown") -> None:
        self._run_dir = run_dir
        self._tail = JournalTail(run_dir)
        self._reason = reason

    @property
    def run_dir(self) -> Path:
        """Directory of the run."""
        return self._run_dir

    @property
    def status(self) -> LinkStatus:
        """Always `readonly`."""
        return "readonly"

    @property
    def reason(self) -> str:
        """Why commands are refused, or why nothing can be shown."""
        return self._tail.error or self._reason

    @property
    def unreadable(self) -> str:
        """Why the journal can't be read; empty while it can."""
        return self._tail.error

    @property
    def behind(self) -> bool:
        """Whether more is waiting."""
        return self._tail.behind

    def poll(self, seconds: float = 0.05) -> list[Event]:
        """Events since the last poll, for `seconds` at most."""
        return self._tail.read(seconds)

    def go_on_from(self, tail: JournalTail) -> None:
        """Poll from where somebody else has read to."""
        self._tail = tail

    def send(self, command: Command) -> None:
        """Raises LinkClosed: nobody is there to take it."""
        raise LinkClosed(f"{command.name}: {self._reason}")

    def close(self) -> None:
        """Nothing is held open."""

"""The link to an engine in this very process: commands by a function call, events from the journal like everyone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msopt_tui.link.base import LinkClosed, LinkStatus
from msopt_tui.link.tail import JournalTail
from msopt_tui.protocol.commands import Command
from msopt_tui.protocol.events import Event


class LocalLink:
    """An `EngineLink` for `--in-process`. `submit` takes a command without waiting; `alive` tells of the engine."""

    def __init__(self, run_dir: Path, submit: Callable[[Command], None], alive: Callable[[], bool]) -> None:
        self._run_dir = run_dir
        self._tail = JournalTail(run_dir)
        self._submit = submit
        self._alive = alive
        self._status: LinkStatus = "live"

    @property
    def run_dir(self) -> Path:
        """Directory of the run."""
        return self._run_dir

    @property
    def status(self) -> LinkStatus:
        """`live`, `ended` or `lost`."""
        return self._status

    @property
    def reason(self) -> str:
        """Why it is `lost`, or why nothing can be shown."""
        if self._status == "lost":
            return "the engine's thread ended without a word"
        return self._tail.error

    @property
    def behind(self) -> bool:
        """Whether more is waiting."""
        return self._tail.behind

    def poll(self, seconds: float = 0.05) -> list[Event]:
        """Events since the last poll, for `seconds` at most."""
        # Asked before reading: what it wrote until then is read below, its goodbye included.
        alive = self._alive()
        events = self._tail.read(seconds)
        if self._tail.ended and not self._tail.behind:
            self._status = "ended"
        elif alive:
            self._status = "live"
        elif not self._tail.behind:
            self._status = "lost"
        return events

    def go_on_from(self, tail: JournalTail) -> None:
        """Poll from where somebody else has read to."""
        self._tail = tail

    def send(self, command: Command) -> None:
        """Hand a command over; raises LinkClosed where the engine is through or gone."""
        if self._status != "live" or not self._alive():
            raise LinkClosed(f"{command.name}: {self.reason or 'the run is over'}")
        self._submit(command)

    def close(self) -> None:
        """Nothing is held open; the run goes on."""

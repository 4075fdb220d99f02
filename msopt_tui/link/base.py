"""`EngineLink`: what a front end may know of an engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from msopt_tui.protocol.commands import Command
from msopt_tui.protocol.events import Event

if TYPE_CHECKING:
    from msopt_tui.link.tail import JournalTail

LinkStatus = Literal["connecting", "live", "ended", "lost", "readonly"]
"""`lost`: the engine died without a word; `readonly`: only the journal is read, commands are refused."""


class LinkClosed(Exception):
    """A command can't be delivered: the engine is not there (any more)."""


class EngineLink(Protocol):
    """Events out, commands in. Nothing here blocks for longer than a bounded read of the journal."""

    @property
    def run_dir(self) -> Path:
        """Directory of the run that is watched."""

    @property
    def status(self) -> LinkStatus:
        """How things stand with the engine, as of the last poll."""

    @property
    def reason(self) -> str:
        """Why the link is `lost` or `readonly`, in words for the person; empty otherwise."""

    def poll(self, seconds: float = 0.05) -> list[Event]:
        """Events since the last poll, from the journal's beginning at first; reads for `seconds` at most."""

    @property
    def behind(self) -> bool:
        """Whether the last poll stopped because of its time and more is waiting."""

    def go_on_from(self, tail: JournalTail) -> None:
        """Poll from where somebody else has read to."""

    def send(self, command: Command) -> None:
        """Hand a command to the engine without waiting for its answer, which comes as events.

        Raises LinkClosed where there is no engine to take it.
        """

    def close(self) -> None:
        """Let go of the run; it goes on."""

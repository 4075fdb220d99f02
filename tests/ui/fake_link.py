"""A link without an engine: events come from a list, commands are recorded and, if wished, answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from msopt_tui.link.base import LinkClosed, LinkStatus
from msopt_tui.link.tail import JournalTail
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.commands import Command

RUN_DIR = Path("runs/python-docs/20260101-100000-python-docs")


class FakeLink:
    """Everything a test needs to play the engine."""

    def __init__(
        self,
        events: Iterable[ev.Event] = (),
        *,
        status: LinkStatus = "live",
        a_poll: int = 1_000_000,
        run_dir: Path = RUN_DIR,
    ) -> None:
        """`a_poll` is the most that one poll returns; beyond that the link is behind."""
        self.sent: list[Command] = []
        self.refusal = ""
        """Why commands can't be delivered; empty delivers them."""
        self.polls = 0
        self.is_closed = False
        self._waiting: deque[ev.Event] = deque(events)
        self._status: LinkStatus = status
        self._reason = ""
        self._a_poll = a_poll
        self._run_dir = run_dir

    @property
    def run_dir(self) -> Path:
        return self._run_dir

    @property
    def status(self) -> LinkStatus:
        return self._status

    @property
    def reason(self) -> str:
        return self._reason

    @property
    def behind(self) -> bool:
        return bool(self._waiting)

    def poll(self, seconds: float = 0.05) -> list[ev.Event]:
        self.polls += 1
        return [self._waiting.popleft() for _ in range(min(self._a_poll, len(self._waiting)))]

    def go_on_from(self, tail: JournalTail) -> None:
        raise AssertionError("nobody has read ahead")

    def send(self, command: Command) -> None:
        if self.refusal:
            raise LinkClosed(self.refusal)
        self.sent.append(command)

    def close(self) -> None:
        self.is_closed = True

    def feed(self, *events: ev.Event) -> None:
        """What the next poll brings."""
        self._waiting.extend(events)

    def apply_last(self, step: int, *events: ev.Event) -> None:
        """The engine takes the last command and serves it at a step, with what comes of it."""
        last = self.sent[-1]
        self.feed(
            ev.CommandRequested(id=last.id, command=last.name, detail=last.detail, who=last.who),
            ev.CommandApplied(id=last.id, command=last.name, step=step, detail=last.detail),
            *events,
        )

    def refuse_last(self, reason: str) -> None:
        """The engine says no to the last command."""
        last = self.sent[-1]
        self.feed(
            ev.CommandRequested(id=last.id, command=last.name, detail=last.detail, who=last.who),
            ev.CommandRefused(id=last.id, command=last.name, reason=reason),
        )

    def lose(self, reason: str) -> None:
        """The engine dies."""
        self._status, self._reason, self.refusal = "lost", reason, reason

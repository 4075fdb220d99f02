"""What became of the commands that were sent from here: requested, then applied at a step or refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from msopt_tui.link.base import EngineLink, LinkClosed
from msopt_tui.protocol.commands import Command, Continue, Pause
from msopt_tui.ui.theme import Role

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

SHOWN_SECONDS = 8.0
"""How long an answer stays on the screen."""
SLOW_SECONDS = 3.0
"""A request without an answer for longer than this says how long it has waited."""


class Message(NamedTuple):
    """A line about the latest request."""

    text: str
    role: Role


class Requests:
    """Sends commands and says how the latest of them stands."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._latest: Command | None = None
        self._sent_at = 0.0
        self._answered_at: float | None = None
        self._said: Message | None = None

    def send(self, link: EngineLink, command: Command) -> bool:
        """Hand a command to the engine; whether it was taken. Where not, the message says why."""
        try:
            link.send(command)
        except LinkClosed as error:
            self.say(f"✗ not sent · {error}", "bad")
            return False
        self._latest, self._sent_at, self._answered_at, self._said = command, self._clock(), None, None
        return True

    def say(self, text: str, role: Role = "accent") -> None:
        """Show a message of another kind in the same place."""
        self._latest, self._answered_at, self._said = None, self._clock(), Message(text, role)

    def waits_for(self, kind: type[Pause] | type[Continue], state: RunState) -> bool:
        """Whether the latest request is of this kind and without an answer."""
        latest = self._latest
        if not isinstance(latest, kind):
            return False
        known = state.commands.get(latest.id)
        return known is None or known.status == "requested"

    def message(self, state: RunState) -> Message | None:
        """How the latest request stands; nothing some seconds after its answer."""
        if self._latest is not None:
            self._said = self._standing(self._latest, state)
        if self._answered_at is not None and self._clock() - self._answered_at > SHOWN_SECONDS:
            self._latest = self._said = self._answered_at = None
        return self._said

    def _standing(self, command: Command, state: RunState) -> Message:
        what = f"{command.name} {' '.join(command.detail.split())}".strip()
        known = state.commands.get(command.id)
        if known is None or known.status == "requested":
            waited = self._clock() - self._sent_at
            return Message(f"{what} requested…" + (f" {waited:.0f} s" if waited > SLOW_SECONDS else ""), "accent")
        if self._answered_at is None:
            self._answered_at = self._clock()
        if known.status == "refused":
            return Message(f"✗ {what} refused: {known.answer}", "bad")
        # The answer to a prompt stands where it was asked; here it would take the place of the keys.
        is_told = not known.answer or known.answer == command.detail or command.name == "ask"
        answer = "" if is_told else f" · {known.answer}"
        return Message(f"✓ {what} applied at step {known.step:,}{answer}", "good")

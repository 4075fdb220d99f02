"""What a person wanted to be told of, brought from the engine to whoever watches: toast, bell, notification."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from textual.app import App

from msopt_tui.config.schema import AlertsTable
from msopt_tui.ui.sanitise import sanitise

if TYPE_CHECKING:
    from msopt_tui.protocol.events import Alerted
    from msopt_tui.state.run_state import RunState

LONGEST = 240
"""Characters of a message."""


class News:
    """Which alerts of a run are new to whoever watches it: none that were there before they looked."""

    def __init__(self) -> None:
        self._state: RunState | None = None
        self._seen = 0

    def look(self, state: RunState, *, is_past: bool) -> list[Alerted]:
        """The alerts since the last look; while the journal's past is read (`is_past`), nothing is news."""
        is_first = state is not self._state
        new = state.alert_count - self._seen
        self._state, self._seen = state, state.alert_count
        return [] if is_first or is_past or not new else list(state.alerts)[-new:]


def tell(app: App[object], table: AlertsTable, run: str, text: str) -> None:
    """Let a person know, in every way they asked for."""
    message = sanitise(f"{run}: {text}", multiline=False, max_line=LONGEST)
    by = table.by or ["toast", "bell", "desktop"]
    if "toast" in by:
        app.notify(message, title="alert", severity="warning", timeout=15, markup=False)
    if "bell" in by:
        app.bell()
    driver = app._driver
    if "desktop" in by and driver is not None:
        driver.write(desktop_sequence(message))


def desktop_sequence(message: str) -> str:
    """The terminal's own way to a desktop notification: OSC 777 where it is known to be that, else OSC 9.

    Nothing of the message can end the sequence or begin another: control characters and `;` are taken out.
    """
    safe = "".join(char if char.isprintable() and char != ";" else " " for char in message)
    is_777 = os.environ.get("TERM", "").startswith(("rxvt", "foot")) or "VTE_VERSION" in os.environ
    return f"\x1b]777;notify;msopt-tui;{safe}\x07" if is_777 else f"\x1b]9;msopt-tui: {safe}\x07"

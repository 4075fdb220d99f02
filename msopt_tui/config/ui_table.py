"""`[ui]` of a project file: what a person sees and is told, and nothing about the run; see `schema`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from msopt_tui.config.table import Table


class AlertsTable(Table, frozen=True):
    """`[ui.alerts]`: what a person is told of, watching or not. Nothing unless there are `rules`."""

    rules: list[str] = []
    """`loss < 2`, `accuracy >= 60`, `train_loss > 8`, `ended`, `failed`, `stopped`, `paused`, `deciding`,
    `stalled`."""
    by: list[Literal["toast", "bell", "desktop"]] = []
    """How a cockpit tells; all three if empty: on the screen, the terminal's bell, its desktop notification (OSC 9 or
    777)."""
    command: list[str] = []
    """Run by the engine without a shell, with the message as its last argument: `["notify-send", "msopt-tui"]`."""
    webhook: str = ""
    """An address that gets the message as JSON: `{"run": …, "text": …}`."""


class UiTable(Table, frozen=True):
    """`[ui]`: how the cockpit looks; changes nothing about the run."""

    theme: str = "dark"
    """Name of a file in `themes/` or in `~/.config/msopt-tui/themes/`, without `.toml`."""
    fps: Annotated[int, Meta(ge=1, le=30)] = 4
    """Redraws a second at most."""
    hints: bool = True
    """Name the keys that matter in a person's first cockpit and in an empty history."""
    keys: dict[str, str] = {}
    """Other keys for actions: `evaluate = "E"`; the help screen lists the actions."""
    alerts: AlertsTable = AlertsTable()
    """What a person is told of."""

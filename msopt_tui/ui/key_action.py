"""One row of the table of keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

from msopt_tui.protocol import commands

Group = Literal["Run", "Panes", "Charts", "Lists and samples", "Program", "History", "Project file", "Queue"]
Place = Literal["run", "history", "editor", "queue"]
"""The screen whose key it is."""
PaneName = Literal["loss", "rate", "resources", "evaluation", "samples", "settings", "journal", "findings", "about"]
PANES: tuple[PaneName, ...] = get_args(PaneName)
"""In the order of their number keys."""
CHARTS: tuple[PaneName, ...] = ("loss", "rate")
LISTS: tuple[PaneName, ...] = tuple(name for name in PANES if name not in CHARTS)


class Action(NamedTuple):
    """One thing that keys do."""

    id: str
    """Its name in `[ui.keys]`."""
    keys: tuple[str, ...]
    """As a person writes them: `p`, `?`, `ctrl+p`, `f1`; the first is shown."""
    label: str
    """For the footer, and for the command palette where there is no `title`."""
    help: str
    """What happens, in a sentence."""
    group: Group
    panes: tuple[PaneName, ...] = ()
    """Panes one of which must have the focus; empty: any."""
    footer: int = 0
    """Place in the footer, smallest first; 0 leaves it out."""
    command: Callable[[], commands.Command] | None = None
    """What is sent to the engine, where the key does just that."""
    home: PaneName | None = None
    """The pane that it is about: in its footer it comes first, wherever else it works too."""
    on: Place = "run"
    title: str = ""
    """For the palette, where the label, which must be short, says too little there."""

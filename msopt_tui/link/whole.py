"""A run's journal from end to end, folded."""

from __future__ import annotations

from pathlib import Path

from msopt_tui.link.tail import JournalLink
from msopt_tui.state.run_state import RunState


def read_state(path: Path) -> RunState:
    """The state that the journal of the run directory `path` ends in; an empty one where there is none."""
    link, state = JournalLink(path), RunState()
    catch_up(link, state)
    return state


def catch_up(link: JournalLink, state: RunState) -> None:
    """Fold in all that the journal has by now."""
    while True:
        state.apply_all(link.poll(seconds=1.0))
        if not link.behind:
            return

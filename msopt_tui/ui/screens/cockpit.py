"""The cockpit screen: a run on the screen, and keys that act on it."""

from __future__ import annotations

from textual import events

from msopt_tui.ui.screens import actions
from msopt_tui.ui.screens.run_view import RunView


class CockpitScreen(RunView):
    """Looks keys up in the table, and puts a new proposal before the person."""

    CSS_PATH = "cockpit.tcss"

    def press(self, event: events.Key) -> bool:
        """Do what a key means here; whether it means anything."""
        action = self.keys.find(event.key, event.character, self.board.focused)
        if action is not None:
            actions.perform(self, action)
        return action is not None

    def react(self) -> None:
        """Leave when the stop that was asked for is done; ask about a new proposal."""
        state = self.feed.state
        if self.is_stopping and not self.feed.alive:
            self.is_stopping = False
            self.leave("ended")
            return
        waiting = state.proposals[0].id if state.proposals and self.feed.alive and not self.feed.behind else None
        if waiting is not None and waiting != self.asked and self.is_active and not self.options.readonly:
            self.asked = waiting
            actions.open_proposal(self)

"""The cockpit screen: a run on the screen, and keys that act on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual import events

from msopt_tui.ui.screens import actions
from msopt_tui.ui.screens.run_view import RunView

if TYPE_CHECKING:
    from msopt_tui.ui.alerts import News


QUIET_SECONDS = 1.0
"""A proposal does not come by itself under the hands of someone who has just pressed a key: it would take the next."""


class CockpitScreen(RunView):
    """Looks keys up in the table, and puts a new proposal before the person."""

    CSS_PATH = "cockpit.tcss"
    _news: News | None = None
    _pressed_at = -math.inf

    def press(self, event: events.Key) -> bool:
        """Do what a key means here; whether it means anything."""
        self._pressed_at = self.options.clock()
        action = self.keys.find(event.key, event.character, self.board.focused)
        if action is not None:
            actions.perform(self, action)
        return action is not None

    def react(self) -> None:
        """Leave when the stop that was asked for is done; ask about a new proposal."""
        state = self.feed.state
        if state.alert_count:
            self._tell_alerts()
        if self.is_stopping and not self.feed.alive:
            self.is_stopping = False
            self.leave("ended")
            return
        if not state.proposals:
            self.asked = None
        elif self.feed.alive and not self.feed.behind and self.is_active and not self.options.readonly:
            # The same idea may come back in a later round, and is another question then.
            waiting = state.round, state.proposals[0].id
            is_quiet = self.options.clock() - self._pressed_at >= QUIET_SECONDS
            if waiting != self.asked and is_quiet:
                self.asked = waiting
                actions.open_proposal(self)

    def _tell_alerts(self) -> None:
        """Tell what the rules of `[ui.alerts]` are about."""
        from msopt_tui.ui.alerts import News, tell

        if self._news is None:
            self._news = News()
        for alert in self._news.look(self.feed.state, is_past=self.feed.behind):
            tell(self.app, self.options.alerts, self.feed.run_dir.name, alert.text)

"""A screen that is given its keys by the app, in the order in which they were pressed."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.screen import Screen

from msopt_tui.ui.widgets.partial_update import SendsChanges


class QueueWanted(Message):
    """The person wants to see the queue, from whichever screen."""


class KeyScreen(SendsChanges, Screen[None]):
    """On the way through its widgets' queues a key would be overtaken by the next one."""

    def press(self, event: events.Key) -> bool:
        """Do what a key means here; whether it means anything."""
        raise NotImplementedError

"""Words that lines must have: what they leave is seen behind the dialog at every key."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from msopt_tui.ui.screens.line_dialog import LineDialog


class FilterDialog(LineDialog):
    """`enter` keeps the filter, an empty line takes it away, `esc` brings back the one before."""

    TAKES_EMPTY = True

    def __init__(self, title: str, hint: str, before: str, changed: Callable[[str], None]) -> None:
        """`changed` is called with the words at every key."""
        super().__init__(title, "words", hint, lambda _: "", before)
        self._before, self._changed = before, changed

    def on_mount(self) -> None:
        """Out of the way of what is filtered."""
        self.styles.align_vertical = "top"

    def on_input_changed(self) -> None:
        """Show what is left."""
        self._changed(self._line.value)

    def on_key(self, event: events.Key) -> None:
        """Back to how it was."""
        if event.key == "escape":
            self._changed(self._before)

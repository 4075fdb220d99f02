"""A name out of many, found by typing a part of it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.widgets.lines import LinesView, Words

SHOWN = 12
"""Names in view at a time."""


class PickDialog(Dialog[str]):
    """Type a part of a name, move, `enter`."""

    def __init__(self, title: str, keys: Sequence[str], current: str, hint: str) -> None:
        super().__init__()
        self._title = title
        self._all = keys
        self._found = list(keys)
        self._cursor = self._found.index(current) if current in self._found else 0
        self._list = LinesView(classes="text")
        self._input = Input(placeholder=hint)

    def body(self) -> ComposeResult:
        """The line to type in, the names below it."""
        self._list.styles.height = SHOWN + 1
        yield self._input
        yield self._list

    def on_mount(self) -> None:
        """Begin with all names."""
        self.query_one("#box").border_title = self._title
        self.set_focus(self._input)
        self.draw()

    def on_resize(self) -> None:
        """Fewer names on a low screen."""
        self._list.styles.height = min(SHOWN + 1, max(self.size.height - 6, 2))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Only names with every part that was typed."""
        parts = event.value.casefold().split()
        self._found = [key for key in self._all if all(part in key.casefold() for part in parts)]
        if parts:
            self._cursor = 0
        self.draw()

    def on_input_submitted(self) -> None:
        """Take the name under the cursor."""
        if self._found:
            self.pick(self._found[self._cursor])

    def on_key(self, event: events.Key) -> None:
        """Move, while the line has the focus."""
        step = {"up": -1, "down": 1, "pageup": -SHOWN, "pagedown": SHOWN}.get(event.key)
        if step is not None and self._found:
            event.stop()
            self._cursor = min(max(self._cursor + step, 0), len(self._found) - 1)
            self.draw()

    def on_click(self, event: events.Click) -> None:
        """Take the name under the pointer."""
        offset = event.get_content_offset(self._list)
        if offset is not None and self._list.top + offset.y - 1 in range(len(self._found)) and offset.y:
            self.pick(self._found[self._list.top + offset.y - 1])

    def pick(self, key: str) -> None:
        """Answer with a name."""
        self.dismiss(key)

    def entry(self, key: str, *, here: bool) -> Words:
        """How a name is written; `here` is the cursor."""
        return [(key, "title" if here else "")]

    def draw(self) -> None:
        """Write the names anew."""
        lines: list[Words] = [[]]
        for index, key in enumerate(self._found):
            here = index == self._cursor
            lines.append([("▸ " if here else "  ", "title"), *self.entry(key, here=here)])
        if not self._found:
            lines.append([("  nothing has that name", "muted")])
        self._list.set_lines(lines)
        height = self._list.size.height or SHOWN + 1
        self._list.scroll_lines(max(self._cursor + 2 - height, 0) - self._list.top)

"""A screen of lines to scroll, with a title above and the keys below."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult

from msopt_tui.ui.keys import Keys
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.widgets.keybar import KeyBar
from msopt_tui.ui.widgets.lines import LinesView, Words

_HINTS = (("scroll_up", "scroll"), ("top", "top"), ("bottom", "bottom"), ("back", "back"), ("help", "help"))


class TextScreen(KeyScreen):
    """`put` shows lines; `esc`, `q` and whatever opened it lead back."""

    CSS_PATH = "text_screen.tcss"
    BINDINGS = []

    def __init__(self, keys: Keys, title: str) -> None:
        super().__init__()
        self._keys, self._title_text = keys, title
        self._title = LinesView(id="text-title")
        self._text = LinesView(id="text-lines")
        self._bar = KeyBar()

    def compose(self) -> ComposeResult:
        """From the top."""
        yield self._title
        yield self._text
        yield self._bar

    def on_mount(self) -> None:
        """Title and keys."""
        self._title.set_lines([[(f" {self._title_text}", "title")]])
        self._bar.show([(self._keys.key_of(name), label) for name, label in _HINTS], None)

    def put(self, lines: Sequence[Words]) -> None:
        """Show these lines."""
        self._text.set_lines([[(" ", ""), *line] for line in lines])

    def press(self, event: events.Key) -> bool:
        """Scroll, help, or back."""
        action = self._keys.find(event.key, event.character, "settings")
        if action is None:
            return False
        page, far = max(self._text.size.height - 1, 1), len(self._text.lines)
        moves = {"scroll_up": -1, "scroll_down": 1, "page_up": -page, "page_down": page, "top": -far, "bottom": far}
        if action.id in moves:
            self._text.scroll_lines(moves[action.id])
        elif action.id == "help":
            self.app.push_screen(HelpDialog(self._keys))
        elif action.id in ("back", "quit", "history"):
            self.dismiss(None)
        return True

"""A screen of lines to scroll, with a title above and the keys below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from msopt_tui.ui.keys import Keys
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.widgets.keybar import KeyBar
from msopt_tui.ui.widgets.lines import LinesView, Words

Hints = tuple[tuple[str, str], ...]


class TextScreen(KeyScreen):
    """`put` shows lines; `esc`, `q` and whatever opened it lead back.

    A subclass has `draw` where its lines depend on the width, `HINTS` of its own and `LEAVES` for the keys that close
    it, and `do` for keys of the table that mean something more on it.
    """

    CSS_PATH = "text_screen.tcss"
    BINDINGS = []
    HINTS: ClassVar[Hints] = (
        ("scroll_up", "scroll"),
        ("top", "top"),
        ("bottom", "bottom"),
        ("back", "back"),
        ("help", "help"),
    )
    LEAVES: ClassVar[frozenset[str]] = frozenset({"back", "quit", "history"})

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
        self.put_title([(f" {self._title_text}", "title")])
        self.call_after_refresh(self._draw_all)

    def on_resize(self) -> None:
        """Lines may depend on the width."""
        self.call_after_refresh(self._draw_all)

    def draw(self) -> None:
        """Make the lines anew for the present width, and `put` them."""

    def do(self, action_id: str) -> None:
        """What a key of the table that neither scrolls nor leaves means here."""

    def put_title(self, words: Words) -> None:
        """Show this as the title."""
        self._title.set_lines([words])

    def put(self, lines: Sequence[Words]) -> None:
        """Show these lines."""
        self._text.set_lines([[(" ", ""), *line] for line in lines])

    @property
    def width(self) -> int:
        """Cells a line may take beside the margin and the scroll bar; below 1 before the first layout."""
        return self._text.size.width - 3

    def press(self, event: events.Key) -> bool:
        """Scroll, help, back, or what the subclass has."""
        action = self._keys.find(event.key, event.character, "settings")
        if action is None:
            return False
        page, far = max(self._text.size.height - 1, 1), len(self._text.lines)
        moves = {"scroll_up": -1, "scroll_down": 1, "page_up": -page, "page_down": page, "top": -far, "bottom": far}
        if action.id in moves:
            self._text.scroll_lines(moves[action.id])
        elif action.id == "help":
            self.app.push_screen(HelpDialog(self._keys))
        elif action.id in self.LEAVES:
            self.dismiss(None)
        else:
            self.do(action.id)
        return True

    def _draw_all(self) -> None:
        self._bar.show([(self._keys.key_of(name), label) for name, label in self.HINTS], None)
        if self.width >= 1:
            self.draw()

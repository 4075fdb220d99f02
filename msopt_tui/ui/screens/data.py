"""The data screen: what is learned from, before and while it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from msopt_tui.ui.keys import Keys
from msopt_tui.ui.screens.data_lines import join, sections, title_words
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.widgets.keybar import KeyBar
from msopt_tui.ui.widgets.lines import LinesView

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

_HINTS = (("scroll_up", "scroll"), ("next_pane", "section"), ("top", "top"), ("back", "back"), ("help", "help"))


class DataScreen(KeyScreen):
    """One long list of sections; follows the run while it is open."""

    CSS_PATH = "data.tcss"
    BINDINGS = []

    def __init__(self, keys: Keys, state: RunState) -> None:
        super().__init__()
        self._keys = keys
        self._state = state
        self._seen: object = None
        self._starts: list[int] = []
        self._jumped = (0, 0)
        """The section that was last jumped to, and the line at the top then: the last ones can't be brought there."""
        self._title = LinesView(id="data-title")
        self._text = LinesView(id="data-text")
        self._bar = KeyBar()

    def compose(self) -> ComposeResult:
        """From the top."""
        yield self._title
        yield self._text
        yield self._bar

    def on_mount(self) -> None:
        """What is known so far."""
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Lines depend on the width."""
        self.call_after_refresh(self._draw)

    def show(self, state: RunState) -> None:
        """Follow the run."""
        now = state.phases["preprocess"]
        seen = state.data, state.inspection, state.ended, state.settings.get("data.max_length")
        waiting = (now.done, now.total, now.detail) if state.data is None else ()
        if state is not self._state or (seen, waiting) != self._seen:
            self._state, self._seen = state, (seen, waiting)
            self._draw()

    def press(self, event: events.Key) -> bool:
        """Scroll, jump, help, or back to the cockpit."""
        action = self._keys.find(event.key, event.character, "settings")
        if action is None:
            return False
        page = max(self._text.size.height - 1, 1)
        far = len(self._text.lines)
        moves = {"scroll_up": -1, "scroll_down": 1, "page_up": -page, "page_down": page, "top": -far, "bottom": far}
        if action.id in moves:
            self._text.scroll_lines(moves[action.id])
        elif action.id in ("next_pane", "previous_pane"):
            self._jump(1 if action.id == "next_pane" else -1)
        elif action.id == "help":
            self.app.push_screen(HelpDialog(self._keys))
        elif action.id in ("back", "data", "quit"):
            self.dismiss(None)
        return True

    def _jump(self, by: int) -> None:
        """To the beginning of the section after the one in view, or of the one before."""
        top = self._text.top
        here, top_then = self._jumped
        if top != top_then:
            here = max(sum(start <= top for start in self._starts) - 1, 0)
            # Back from inside a section leads to its own beginning.
            here += 1 if by < 0 and top > self._starts[here] else 0
        there = (here + by) % len(self._starts)
        self._text.scroll_lines(self._starts[there] - top)
        self._jumped = there, self._text.top

    def _draw(self) -> None:
        width = self._text.size.width - 3
        if width < 1:
            return
        lines, self._starts = join(sections(self._state, width))
        self._title.set_lines([title_words(self._state)])
        self._text.set_lines([[(" ", ""), *line] for line in lines])
        self._bar.show([(self._keys.key_of(action), label) for action, label in _HINTS], None)

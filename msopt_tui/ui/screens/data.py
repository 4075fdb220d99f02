"""The data screen: what is learned from, before and while it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msopt_tui.ui.keys import Keys
from msopt_tui.ui.screens.data_lines import join, sections, title_words
from msopt_tui.ui.screens.text_screen import Hints, TextScreen

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


class DataScreen(TextScreen):
    """One long list of sections; follows the run while it is open."""

    HINTS: ClassVar[Hints] = (
        ("scroll_up", "scroll"),
        ("next_pane", "section"),
        ("top", "top"),
        ("back", "back"),
        ("help", "help"),
    )
    LEAVES: ClassVar[frozenset[str]] = frozenset({"back", "data", "quit"})

    def __init__(self, keys: Keys, state: RunState) -> None:
        super().__init__(keys, "data")
        self._state = state
        self._seen: object = None
        self._starts: list[int] = []
        self._jumped = (0, 0)
        """The section that was last jumped to, and the line at the top then: the last ones can't be brought there."""

    def show(self, state: RunState) -> None:
        """Follow the run."""
        now = state.phases["preprocess"]
        seen = state.data, state.inspection, state.ended, state.settings.get("data.max_length")
        waiting = (now.done, now.total, now.detail) if state.data is None else ()
        if (state is not self._state or (seen, waiting) != self._seen) and self.width >= 1:
            self._state, self._seen = state, (seen, waiting)
            self.draw()

    def do(self, action_id: str) -> None:
        """Jump from section to section."""
        if action_id in ("next_pane", "previous_pane"):
            self._jump(1 if action_id == "next_pane" else -1)

    def draw(self) -> None:
        """The sections for the present width."""
        lines, self._starts = join(sections(self._state, self.width))
        self.put_title(title_words(self._state))
        self.put(lines)

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

"""What every pane is: a framed, focusable widget that is shown a state and redraws only when its part of it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from msopt_tui.ui.keys import PANES, PaneName
from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.widgets.lines import LinesView, Words
from msopt_tui.ui.widgets.unscrolled import Unscrolled

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


class Pane(Unscrolled, can_focus=True):
    """Frame, number and the gate before `draw`."""

    PANE: ClassVar[PaneName]
    TITLE: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(id=self.PANE)
        # Here and not on mounting, which would paint the frame twice.
        self.border_title = f"{PANES.index(self.PANE) + 1} {self.TITLE}"
        self._seen: object = None
        self._state: RunState | None = None

    def looks_at(self, state: RunState) -> object:
        """What this pane depends on, cheaply: `draw` is called when it differs from the last time."""
        raise NotImplementedError

    def draw(self, state: RunState) -> None:
        """Bring the pane up to date."""
        raise NotImplementedError

    def show(self, state: RunState) -> None:
        """Show a state; costs next to nothing when nothing that matters here has changed."""
        seen = self.looks_at(state)
        if state is self._state and seen == self._seen:
            return
        self._seen, self._state = seen, state
        self.draw(state)

    def redraw(self) -> None:
        """Draw what was shown last anew: the size or a setting of the view has changed."""
        if self._state is not None:
            self.draw(self._state)

    def subtitle(self, text: str) -> None:
        """A note in the lower frame; foreign text is welcome."""
        note = Content(sanitise(text, multiline=False))
        if note.plain != (self._border_subtitle.plain if self._border_subtitle is not None else ""):
            self.border_subtitle = note


class TextPane(Pane, LinesView):
    """A pane of lines."""

    def __init__(self) -> None:
        Pane.__init__(self)

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """The lines at a width in cells; text that came from elsewhere need not be made harmless here."""
        raise NotImplementedError

    def draw(self, state: RunState) -> None:
        """Make the lines anew; `set_lines` finds what changed."""
        if self.size.width > 1:
            self.set_lines(self.lines_of(state, self.size.width - 1))

    def on_resize(self) -> None:
        """Lines depend on the width."""
        self.redraw()

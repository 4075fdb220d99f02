"""The mouse on a chart: a click sets the cursor, the wheel zooms about the pointer, a drag or shift and wheel pan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from msopt_tui.ui.widgets.unscrolled import Unscrolled

if TYPE_CHECKING:
    from msopt_tui.ui.widgets.chart import Chart

NOTCH = 1.25
"""How much nearer or farther a notch of the wheel is."""
SIDEWAYS = 0.1
"""Of the view, that a notch pans by."""


class ChartMoved(Message):
    """A chart was moved with the mouse: whoever shows several does the same to the others."""

    def __init__(self, chart: Chart, change: Callable[[Chart], None]) -> None:
        super().__init__()
        self.chart, self.change = chart, change


class ChartMouse(Unscrolled):
    """The part of a chart that the mouse is for."""

    _held_at: int | None = None
    """Column where the button went down, or to where the view was dragged since."""
    _was_dragged = False

    def place_at(self, column: int) -> float | None:
        """The place on the x axis at a column of the content; `None` outside the plot."""
        raise NotImplementedError

    def columns_across(self) -> int:
        """Cells of the plot."""
        raise NotImplementedError

    def move(self, change: Callable[[Chart], None]) -> None:
        """Do something to this chart, and tell of it."""
        raise NotImplementedError

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the pointer is, unless it was dragged there."""
        offset = event.get_content_offset(self)
        was_dragged, self._was_dragged = self._was_dragged, False
        place = self.place_at(offset.x) if offset is not None and not was_dragged else None
        if place is not None:
            self.move(lambda chart: chart.set_cursor(place))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Nearer, or to earlier steps."""
        self._wheel(event, NOTCH, -SIDEWAYS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Farther, or to later steps."""
        self._wheel(event, 1 / NOTCH, SIDEWAYS)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """To earlier steps."""
        event.stop()
        self.move(lambda chart: chart.pan(-SIDEWAYS))

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """To later steps."""
        event.stop()
        self.move(lambda chart: chart.pan(SIDEWAYS))

    def _wheel(self, event: events.MouseEvent, factor: float, sideways: float) -> None:
        event.stop()
        offset = event.get_content_offset(self)
        about = self.place_at(offset.x) if offset is not None else None
        if event.shift:
            self.move(lambda chart: chart.pan(sideways))
        elif about is not None:
            self.move(lambda chart: chart.zoom(factor, about))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Maybe the begin of a drag."""
        self._was_dragged = False
        self._held_at = event.screen_x if event.button == 1 else None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Take the view along."""
        if self._held_at is None or event.screen_x == self._held_at:
            return
        if not event.button:  # it was let go elsewhere
            self._held_at = None
            return
        if not self._was_dragged:
            self._was_dragged = True
            self.capture_mouse()
        fraction = (self._held_at - event.screen_x) / max(self.columns_across(), 1)
        self._held_at = event.screen_x
        self.move(lambda chart: chart.pan(fraction))

    def on_mouse_up(self) -> None:
        """Let go."""
        if self._was_dragged:
            self.release_mouse()
        self._held_at = None

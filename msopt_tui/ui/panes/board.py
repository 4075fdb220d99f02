"""The board: holds the panes and puts each where `arrange` says, without asking Textual to measure anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from msopt_tui.ui.arrange import Box, arrange
from msopt_tui.ui.keys import PANES, PaneName
from msopt_tui.ui.panes.base import Pane
from msopt_tui.ui.panes.evaluation import rows_wanted
from msopt_tui.ui.panes.resources import rows_needed

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


class Board(Widget):
    """What is not placed is not drawn and costs nothing."""

    DEFAULT_CSS = "Board { height: 1fr; }"

    def __init__(self, panes: Iterable[Pane]) -> None:
        super().__init__()
        self.panes: dict[PaneName, Pane] = {pane.PANE: pane for pane in panes}
        self.maximised: PaneName | None = None
        self._about_to_focus: PaneName | None = None
        self._resource_rows, self._evaluation_rows = rows_needed(0), 0
        self._layout_of_panes = _Placed(self)

    @property
    def layout(self) -> Layout:
        """Ours."""
        return self._layout_of_panes

    def compose(self) -> ComposeResult:
        """Every pane, shown or not."""
        yield from self.panes.values()

    @property
    def shown(self) -> list[PaneName]:
        """The panes that have a place now, in the order of their numbers."""
        boxes = self.boxes(self.size)
        return [name for name in PANES if name in boxes]

    def boxes(self, size: Size) -> dict[PaneName, Box]:
        """Where the panes are in a board of this size."""
        rows, more = self._resource_rows, self._evaluation_rows
        return arrange(*size, maximised=self.maximised, resource_rows=rows, evaluation_rows=more)

    @property
    def focused(self) -> PaneName | None:
        """The pane with the focus, or the one that is about to get it: keys mean that one already."""
        if self._about_to_focus is not None:
            return self._about_to_focus
        return next((name for name, pane in self.panes.items() if pane.has_focus), None)

    @property
    def focused_pane(self) -> Pane | None:
        """The same as a widget."""
        name = self.focused
        return self.panes[name] if name is not None else None

    def show(self, state: RunState) -> None:
        """Pass the state to the panes that can be seen."""
        rows = rows_needed(len(state.resources[-1].gpus) if state.resources else 0), rows_wanted(state)
        if rows != (self._resource_rows, self._evaluation_rows):
            self._resource_rows, self._evaluation_rows = rows
            self._arrange_again()
        for name in self.shown:
            self.panes[name].show(state)

    def maximise(self, name: PaneName | None) -> None:
        """Give one pane all the room, or put them all back."""
        if name == self.maximised:
            return
        self.maximised = name
        self._arrange_again()

    def _arrange_again(self) -> None:
        # Textual keeps an arrangement until one of the children asks for another.
        self.panes["loss"].refresh(repaint=False, layout=True)

    def go_to(self, name: PaneName) -> None:
        """Focus a pane; one that is folded away opens over the others."""
        if self.maximised is not None or name not in self.shown:
            self.maximise(name)
        self.focus_pane(name)

    def focus_pane(self, name: PaneName) -> None:
        """Focus, once the layout that shows it is there."""
        self._about_to_focus = name
        self.call_after_refresh(self._focus_now)

    def _focus_now(self) -> None:
        name, self._about_to_focus = self._about_to_focus, None
        if name is not None:
            self.screen.set_focus(self.panes[name], scroll_visible=False)

    def step(self, by: int) -> None:
        """Focus the next pane that is shown, or the one before; a maximised one gives way to it."""
        names = list(PANES) if self.maximised is not None else self.shown
        if not names:
            return
        current = self.maximised or self.focused
        place = names.index(current) + by if current in names else 0
        self.go_to(names[place % len(names)])


class _Placed(Layout):
    name = "board"

    def __init__(self, board: Board) -> None:
        self._board = board

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Place the panes that are shown at this size."""
        boxes = self._board.boxes(size)
        return [
            WidgetPlacement(Region(*boxes[child.PANE]), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if isinstance(child, Pane) and child.PANE in boxes
        ]

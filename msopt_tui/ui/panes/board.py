"""The board: holds the panes and puts each where `arrange` says, without asking Textual to measure anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from msopt_tui.ui.arrange import Border, Box, arrange, border_at, move_border, side_width
from msopt_tui.ui.keys import PANES, PaneName
from msopt_tui.ui.layout import PaneLayout
from msopt_tui.ui.layout_memory import LayoutMemory
from msopt_tui.ui.panes.base import Pane
from msopt_tui.ui.panes.evaluation import rows_wanted
from msopt_tui.ui.panes.resources import ROWS_MORE, rows_needed
from msopt_tui.ui.widgets.unscrolled import Unscrolled

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


class Board(Unscrolled):
    """What is not placed is not drawn and costs nothing."""

    DEFAULT_CSS = "Board { height: 1fr; }"

    def __init__(self, panes: Iterable[Pane], remembered: LayoutMemory | None = None) -> None:
        super().__init__()
        self.remembered = remembered or LayoutMemory()
        self._held: Border | None = None
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
        layout = self.remembered.layout
        return arrange(
            *size,
            maximised=self.maximised,
            resource_rows=rows,
            resource_more=ROWS_MORE,
            evaluation_rows=more,
            layout=layout,
        )

    @property
    def focused(self) -> PaneName | None:
        """The pane with the focus, or the one that is about to get it: keys mean that one already."""
        if self._about_to_focus is not None:
            return self._about_to_focus
        # Not `has_focus`, which says so only when the pane's turn to hear of it has come.
        widget = self.screen.focused
        return widget.PANE if isinstance(widget, Pane) else None

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

    def use(self, layout: PaneLayout, *, dragging: bool = False) -> None:
        """Arrange the panes by another layout, and remember it unless a border is still being moved."""
        self.remembered.layout = layout
        problem = "" if dragging else self.remembered.keep()
        if problem:
            self.app.notify(problem, severity="warning", timeout=12, markup=False)
        self._arrange_again()

    def widen_side(self, cells: int, *, dragging: bool = False) -> bool:
        """Give the columns at the side more cells each, or fewer; whether that changed anything."""
        layout, width = self.remembered.layout, self.size.width
        before = side_width(width, layout.side)
        after = side_width(width, layout.with_side(before + cells, width).side)
        if self.maximised is not None or after == before:
            return False
        self.use(layout.with_side(after, width), dragging=dragging)
        return True

    def make_taller(self, name: PaneName, rows: int, *, dragging: bool = False) -> bool:
        """Give a pane more rows, or fewer; whether that changed anything. Dragged, only its lower border moves."""
        boxes = self.boxes(self.size)
        column = move_border(boxes, name, rows, below_only=dragging) if name in boxes else None
        if column is None or self.maximised is not None:
            return False
        self.use(self.remembered.layout.with_rows(column, self.size.height), dragging=dragging)
        return True

    def _arrange_again(self) -> None:
        # Textual keeps an arrangement until one of the children asks for another.
        self.panes["loss"].refresh(repaint=False, layout=True)

    def go_to(self, name: PaneName) -> None:
        """Focus a pane; one that is folded away opens over the others."""
        if name == self.maximised or (self.maximised is None and name in self.shown):
            # It stands where it is: what would wait for another layout is painted a frame earlier.
            self._about_to_focus = name
            self._focus_now()
            return
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

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a border."""
        self._held = border_at(self.boxes(self.size), *self._place(event)) if self.maximised is None else None
        if self._held is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the border along; what comes of it is written down when it is let go."""
        if self._held is None:
            return
        x, y = self._place(event)
        if self._held.above is not None:
            box = self.boxes(self.size).get(self._held.above)
            if box is not None:
                self.make_taller(self._held.above, y - self._held.grip - (box.y + box.height), dragging=True)
        else:
            columns = self._held.columns
            left = self.size.width - columns * side_width(self.size.width, self.remembered.layout.side)
            self.widen_side((left - x + self._held.grip) // columns, dragging=True)

    def on_mouse_up(self) -> None:
        """Let go."""
        if self._held is not None:
            self._held = None
            self.release_mouse()
            self.use(self.remembered.layout)

    def _place(self, event: events.MouseEvent) -> tuple[int, int]:
        at = event.screen_offset - self.region.offset
        return at.x, at.y


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

"""The list of runs: draws the lines in view and no others, so that ten thousand cost what twenty do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import overload

from textual import events
from textual.message import Message

from msopt_tui.runs.query import SortKey
from msopt_tui.runs.row import RunRow
from msopt_tui.ui.screens.history_columns import Layout, column_at, header_words, layout, row_words
from msopt_tui.ui.widgets.lines import LinesView, Words

MARK = "◂"
"""Behind the first column of a run that is marked."""


class _Lines(Sequence[Words]):
    """The lines of all runs, made when they are asked for."""

    def __init__(self, rows: Sequence[RunRow], shown: Layout, cursor: int, marked: Collection[str]) -> None:
        self._rows = rows
        self._shown = shown
        self._cursor = cursor
        self._marked = marked

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Words: ...
    @overload
    def __getitem__(self, at: slice) -> list[Words]: ...
    def __getitem__(self, at: int | slice) -> Words | list[Words]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self._rows)))]
        words = row_words(self._rows[at], self._shown, at == self._cursor)
        if self._rows[at].path in self._marked and words:
            text, role = words[0]
            words[0] = (f"{text[:-1]}{MARK}", role)
        return words


class RunRows(LinesView, can_focus=True):
    """Runs in lines with a cursor."""

    class Moved(Message):
        """The cursor is on another run, or the run under it has changed."""

        def __init__(self, by_person: bool = False) -> None:
            super().__init__()
            self.by_person = by_person

    class Opened(Message):
        """A run was chosen by the mouse."""

    def __init__(self) -> None:
        super().__init__(id="runs")
        self._rows: Sequence[RunRow] = ()
        self._cursor = 0
        self._marked: dict[str, None] = {}
        self._sorted_by: SortKey = "created"
        self._notice: Sequence[Words] = ()
        self._chosen = ""
        """Path of the run that the person put the cursor on: it goes back there whenever that run is listed."""

    @property
    def selected(self) -> RunRow | None:
        """The run under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def marked(self) -> list[str]:
        """Paths of the marked runs, in the order in which they were marked."""
        return list(self._marked)

    def toggle_mark(self) -> int:
        """Mark the run under the cursor, or no longer, and go to the next; returns how many are marked."""
        row = self.selected
        if row is not None:
            if row.path in self._marked:
                del self._marked[row.path]
            else:
                self._marked[row.path] = None
            self._choose(self._cursor + 1)
            self._redraw()
            self.post_message(self.Moved())
        return len(self._marked)

    @property
    def rows(self) -> Sequence[RunRow]:
        """The runs in the list, in their order."""
        return self._rows

    def show(
        self,
        rows: Sequence[RunRow],
        keep: bool = True,
        sorted_by: SortKey = "created",
        notice: Sequence[Words] = (),
    ) -> None:
        """Show these runs, or `notice` where there are none.

        The cursor stays on the run that the person put it on, also when that was not listed in between. Else it stays
        on its run or near it with `keep`, and goes to the top without.
        """
        self._sorted_by, self._notice = sorted_by, notice
        path = self.selected.path if keep and self.selected else None
        places = {row.path: at for at, row in enumerate(rows) if row.path in (self._chosen, path)}
        at = places.get(self._chosen, places.get(path or ""))
        self._rows = rows
        if at is None and not keep:
            self.top = 0
            at = 0
        self._cursor = min(self._cursor if at is None else at, max(len(rows) - 1, 0))
        self._redraw()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        """Move the cursor by lines, within the list."""
        self._choose(self._cursor + by)
        self._redraw()
        self.post_message(self.Moved(by_person=True))

    def action_page(self, pages: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def on_resize(self) -> None:
        """Columns depend on the width."""
        self._redraw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; a second click opens."""
        if event.button == 1 and self.top + event.y < len(self._rows):
            self._cursor = self.top + event.y
            self.action_move(0)
            if event.chain == 2:
                self.post_message(self.Opened())

    def _choose(self, at: int) -> None:
        self._cursor = min(max(at, 0), max(len(self._rows) - 1, 0))
        if self.selected is not None:
            self._chosen = self.selected.path

    def _redraw(self) -> None:
        if not self._rows:
            self.top = 0
            self.set_lines(self._notice)
            return
        height = self.size.height
        if self._cursor < self.top:
            self.top = self._cursor
        elif height and self._cursor >= self.top + height:
            self.top = self._cursor - height + 1
        self.set_lines(_Lines(self._rows, layout(self.size.width - 1, self._sorted_by), self._cursor, self._marked))


class RunsHeader(LinesView):
    """The titles over the list; a click sorts."""

    HAS_BAR = False

    class Clicked(Message):
        """A title was clicked."""

        def __init__(self, column: SortKey) -> None:
            super().__init__()
            self.column = column

    def __init__(self) -> None:
        super().__init__(id="header")
        self._order: tuple[SortKey, bool] = ("created", True)

    @property
    def columns(self) -> list[SortKey]:
        """The columns that are shown."""
        return [column.key for column, _ in self._layout()]

    def show(self, sorted_by: SortKey, reverse: bool) -> None:
        """Show by what the list is ordered."""
        self._order = (sorted_by, reverse)
        self.set_lines([header_words(self._layout(), sorted_by, reverse)])

    def on_resize(self) -> None:
        """Columns depend on the width."""
        self.show(*self._order)

    def on_click(self, event: events.Click) -> None:
        """Tell which title it was."""
        column = column_at(self._layout(), event.x)
        if column is not None:
            self.post_message(self.Clicked(column))

    def _layout(self) -> Layout:
        # As wide as the list below, whose last cells are its scroll bar and a blank.
        return layout(self.size.width - 1, self._order[0])

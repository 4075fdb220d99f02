"""The history screen: all runs, to sort, to filter, to open and to take up again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Input

from msopt_tui.runs.history import list_runs
from msopt_tui.runs.query import Listing, Query, SortKey, so_far
from msopt_tui.runs.row import RunRow
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.requests import Message
from msopt_tui.ui.screens.history_deeds import DEEDS
from msopt_tui.ui.screens.history_loader import Loaded, Loader
from msopt_tui.ui.screens.history_notes import Notebook
from msopt_tui.ui.screens.history_resume import Answer, ResumeDialog
from msopt_tui.ui.screens.history_rows import RunRows, RunsHeader
from msopt_tui.ui.screens.history_words import FILTER_HINT, detail_lines, fault_words, notice_lines, title_words
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.keybar import KeyBar
from msopt_tui.ui.widgets.lines import LinesView

COLLECT_SECONDS = 0.02
REFRESH_SECONDS = 2.0
"""From one reading of the runs to the next, at least."""
REFRESH_SHARE = 20
"""Reading may take one part in so many of the time: ten thousand runs are not looked at every two seconds."""
DETAIL_FROM = 15
"""Lines of the screen from which on the run under the cursor is described."""
FRAME_FROM = 6
"""Lines of the screen from which on there are titles and key hints."""
_DESCENDING: frozenset[SortKey] = frozenset({"created", "updated", "step", "rounds", "seconds"})
"""Columns that are read from the largest value on."""


class HistoryScreen(KeyScreen):
    """All runs of a folder, read in the background and kept up to date while it is looked at.

    `open_run` and `resume_run` get a run directory; `leave` takes the place of closing the screen.
    """

    CSS_PATH = "history.tcss"
    AUTO_FOCUS = "#runs"
    BINDINGS = []

    def __init__(
        self,
        runs_dir: Path,
        open_run: Callable[[Path], None],
        resume_run: Callable[[Path], None],
        leave: Callable[[], None] | None = None,
        load: Callable[[Path], Sequence[RunRow]] = list_runs,
        keys: Keys | None = None,
        edit_project: Callable[[Path], None] | None = None,
        has_hints: bool = True,
    ) -> None:
        super().__init__()
        self._has_hints = has_hints
        self.edit_project = edit_project
        """Opens the editor of a project file; `None` where that can't be."""
        self.keys = keys or Keys()
        self._notebook = Notebook(self, self._noted, self.say)
        self._runs_dir = runs_dir
        self._open_run = open_run
        self.resume_run = resume_run
        self._leave = leave
        self._loader = Loader(lambda: load(runs_dir))
        self._listing: Listing | None = None
        self._error = ""
        self.column: SortKey = "created"
        self._reverse = True
        self._archived = False
        self._is_stale = False
        """Whether what is being read was changed since, by us."""
        self._collector: Timer | None = None
        self._refresher: Timer | None = None
        self._title = LinesView(id="title")
        self._header = RunsHeader()
        self.rows = RunRows()
        self._detail = LinesView(id="detail")
        self._bar = KeyBar()
        self._filter = Input(placeholder="words, or val_loss < 2 and task = chat", id="filter", select_on_focus=False)
        self._query = Query()
        self._fault = LinesView(id="fault")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._title
        yield self._filter
        yield self._fault
        yield self._header
        yield self.rows
        yield self._detail
        yield self._bar

    def press(self, event: events.Key) -> bool:
        """Do what a key means on the list, or in the filter line."""
        if self.focused is self._filter:
            return self._press_in_filter(event)
        action = self.keys.find_on("history", event.key, event.character)
        if action is None:
            return False
        DEEDS[action.id](self)
        return True

    def _press_in_filter(self, event: events.Key) -> bool:
        """Only what leaves the line: the rest is typing."""
        action = self.keys.find_on("history", event.key, None)
        if event.key == "enter":
            self._close_filter()
        elif event.key == "escape":
            self.action_back()
        elif action is not None and action.id == "history_leave" and not event.is_printable:
            self.action_leave()
        else:
            return False
        return True

    def on_mount(self) -> None:
        """Begin to read."""
        self._filter.display = self._fault.display = False
        self.say()
        self._show()
        self._collector = self.set_interval(COLLECT_SECONDS, self._collect)
        self._read()

    def on_resize(self) -> None:
        """As many key hints as fit; on a small screen the list has what room there is."""
        height = self.size.height
        self._detail.display = height >= DETAIL_FROM
        self._header.display = self._bar.display = height >= FRAME_FROM
        self.call_after_refresh(self.say)

    def on_screen_resume(self) -> None:
        """Another screen went away: things may have changed."""
        self._read()

    def on_screen_suspend(self) -> None:
        """Nobody looks."""
        if self._refresher is not None:
            self._refresher.stop()

    def on_input_changed(self) -> None:
        """Filter at every key, by what can be read so far; why the rest can't is said below it."""
        text = self._filter.value
        self._query, fault = so_far(text)
        words = fault_words(fault, text, self._filter.cursor_position, self.size.width) if fault else FILTER_HINT
        self._fault.set_lines([words])
        if self.focused is not self._filter:
            self._close_filter()  # typed so fast that the line was left before its last letters were in it
        self._show(keep=False)

    def on_run_rows_moved(self, message: RunRows.Moved) -> None:
        """Show more of the run under the cursor; what was said of another one goes."""
        row = self.rows.selected
        self._detail.set_lines(detail_lines(row, self.keys) if row else [])
        if message.by_person:
            self.say()

    def on_run_rows_opened(self) -> None:
        """A double click."""
        self.action_open()

    def on_runs_header_clicked(self, message: RunsHeader.Clicked) -> None:
        """Sort by a title, or the other way round where it is sorted by that already."""
        if message.column == self.column:
            self.action_reverse()
        else:
            self.sort_by(message.column)

    def action_open(self) -> None:
        """Open the run under the cursor; for one that died, ask."""
        row = self.rows.selected
        if row is None:
            return
        if row.status == "died":
            self._ask(row, "open")
        else:
            self._open_run(Path(row.path))

    def action_resume(self) -> None:
        """Ask about taking the run under the cursor up again, or say why that can't be."""
        row = self.rows.selected
        if row is None:
            return
        if row.resumable:
            self._ask(row, "resume")
        else:
            why = (
                "is through"
                if row.status == "completed"
                else "was given up"
                if row.over
                else "is going on: enter shows it"
            )
            self.say(f"{row.run} {why}", "warn")

    def action_filter(self) -> None:
        """Type a filter."""
        # Not by CSS, which comes too late for the letters that follow.
        self._filter.display = self._fault.display = True
        self.set_focus(self._filter)
        self.on_input_changed()

    def action_sort(self, by: int) -> None:
        """Sort by the next column, or the one before."""
        shown = self._header.columns
        at = shown.index(self.column) if self.column in shown else 0
        self.sort_by(shown[(at + by) % len(shown)])

    def action_reverse(self) -> None:
        """The other way round."""
        self._reverse = not self._reverse
        self._show()

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self.rows.action_move(by)

    def action_page(self, pages: int) -> None:
        """Move the cursor by screenfuls."""
        self.rows.action_page(pages)

    def action_tags(self) -> None:
        """Write tags."""
        self._with_selected(self._notebook.edit_tags)

    def action_note(self) -> None:
        """Write a note."""
        self._with_selected(self._notebook.edit_note)

    def action_pin(self) -> None:
        """Keep it at the top, or no longer."""
        self._with_selected(self._notebook.pin)

    def action_archive(self) -> None:
        """Put it away, or back."""
        self._with_selected(lambda row: self._notebook.archive(row, self.keys.key_of("history_archived")))

    def action_export(self) -> None:
        """Write the figures of the run under the cursor as files."""
        self._with_selected(self._notebook.export)

    def action_delete(self) -> None:
        """Delete it, after a question."""
        self._with_selected(lambda row: self._notebook.delete(row, self.all_rows))

    def action_mark(self) -> None:
        """Mark the run under the cursor for a comparison, or no longer, and go on to the next."""
        count = self.rows.toggle_mark()
        self.say(f"{count} marked; {self.keys.key_of('history_compare')} compares them" if count else "none marked")

    def action_archived(self) -> None:
        """List the archived ones too, or no longer."""
        self._archived = not self._archived
        self._show()
        self.say("archived runs are listed" if self._archived else "archived runs are left out", "muted")

    def action_back(self) -> None:
        """One layer back: the filter line, the filter, the screen."""
        if self._filter.has_focus or self._filter.value:
            self._filter.value = ""
            self._close_filter()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Go back to the screen below, or end the program where there is none."""
        if self._leave is not None:
            self._leave()
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        else:
            self.app.exit()

    @property
    def all_rows(self) -> Sequence[RunRow]:
        """All runs that were read, whatever the filter."""
        return self._listing.rows if self._listing else ()

    def say(self, text: str = "", role: Role = "") -> None:
        """A message in the footer; without one, only the keys."""
        self._bar.show(self.keys.footer_on("history"), Message(text, role) if text else None)

    def _with_selected(self, deed: Callable[[RunRow], None]) -> None:
        row = self.rows.selected
        if row is not None:
            deed(row)

    def _noted(self, old: RunRow, new: RunRow | None) -> None:
        """Show at once what was written; the next reading finds the same."""
        if self._listing is not None:
            rows = [new if row.path == old.path else row for row in self._listing.rows]
            self._listing = Listing([row for row in rows if row is not None])
        self._is_stale = self._loader.busy
        self._show()

    def _ask(self, row: RunRow, default: Answer) -> None:
        def answered(answer: Answer | None) -> None:
            if answer is not None:
                (self.resume_run if answer == "resume" else self._open_run)(Path(row.path))

        self.app.push_screen(ResumeDialog(row, default), answered)

    def sort_by(self, column: SortKey) -> None:
        """Sort by a column, a metric or a setting."""
        self.column, self._reverse = column, column in _DESCENDING
        self._show()

    def _close_filter(self) -> None:
        self._filter.display = bool(self._filter.value)
        self._fault.display = False
        self.set_focus(self.rows)

    def _read(self) -> None:
        self._loader.start()
        if self._collector is not None:
            self._collector.resume()

    def _collect(self) -> None:
        loaded = self._loader.result()
        if loaded is None:
            return
        assert self._collector is not None
        self._collector.pause()
        if self._is_stale:
            self._is_stale = False
            self._read()
            return
        self._take(loaded)
        if self._refresher is not None:
            self._refresher.stop()
        if self.is_active:
            self._refresher = self.set_timer(max(REFRESH_SECONDS, REFRESH_SHARE * loaded.seconds), self._read)

    def _take(self, loaded: Loaded) -> None:
        self._error = loaded.error
        if loaded.error:
            self._show()  # what was read before is worth more than nothing
        elif self._listing is None or loaded.listing.rows != self._listing.rows:
            self._listing = loaded.listing
            self._show()

    def _show(self, keep: bool = True) -> None:
        listing = self._listing
        rows = listing.select(self._query, self.column, self._reverse, self._archived) if listing else []
        is_filtered = bool(self._filter.value)
        notice = notice_lines(self._runs_dir, listing, self._error, is_filtered, self.keys, self._has_hints)
        self.rows.show(rows, keep, self.column, notice)
        self._header.show(self.column, self._reverse)
        self._show_title()

    def _show_title(self) -> None:
        self._title.set_lines([title_words(self._runs_dir, self._listing, len(self.rows.rows), self._error)])

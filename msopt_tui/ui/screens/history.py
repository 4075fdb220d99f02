"""The history screen: all runs, to sort, to filter, to open and to take up again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from msopt_tui.runs.history import list_runs
from msopt_tui.runs.query import Listing, Query, QueryError, SortKey, so_far
from msopt_tui.runs.row import RunRow
from msopt_tui.state.figures import figures
from msopt_tui.state.numbers import compact
from msopt_tui.ui.requests import Message
from msopt_tui.ui.screens.history_columns import status_words
from msopt_tui.ui.screens.history_loader import Loaded, Loader
from msopt_tui.ui.screens.history_resume import Answer, ResumeDialog, resume_point
from msopt_tui.ui.screens.history_rows import RunRows, RunsHeader
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.keybar import KeyBar
from msopt_tui.ui.widgets.lines import LinesView, Words

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
_KEYS: tuple[tuple[str, str], ...] = (
    ("enter", "open"),
    ("R", "resume"),
    ("/", "filter"),
    ("←→ s", "sort by"),
    ("o", "other way round"),
    ("g G", "first, last"),
    ("esc", "back"),
    ("q", "leave"),
)


class HistoryScreen(Screen[None]):
    """All runs of a folder, read in the background and kept up to date while it is looked at.

    `open_run` and `resume_run` get a run directory; `leave` takes the place of closing the screen.
    """

    CSS_PATH = "history.tcss"
    AUTO_FOCUS = "#runs"
    BINDINGS = [
        Binding("enter", "open", show=False),
        Binding("R", "resume", show=False),
        Binding("slash", "filter", show=False),
        Binding("left", "sort(-1)", show=False),
        Binding("right", "sort(1)", show=False),
        Binding("s", "sort_key", show=False),
        Binding("o", "reverse", show=False),
        Binding("escape", "back", show=False),
        Binding("q,h,f2,ctrl+c,ctrl+q", "leave", show=False),
    ]

    def __init__(
        self,
        runs_dir: Path,
        open_run: Callable[[Path], None],
        resume_run: Callable[[Path], None],
        leave: Callable[[], None] | None = None,
        load: Callable[[Path], Sequence[RunRow]] = list_runs,
    ) -> None:
        super().__init__()
        self._runs_dir = runs_dir
        self._open_run = open_run
        self._resume_run = resume_run
        self._leave = leave
        self._loader = Loader(lambda: load(runs_dir))
        self._listing: Listing | None = None
        self._error = ""
        self._column: SortKey = "created"
        self._reverse = True
        self._collector: Timer | None = None
        self._refresher: Timer | None = None
        self._title = LinesView(id="title")
        self._header = RunsHeader()
        self._rows = RunRows()
        self._detail = LinesView(id="detail")
        self._keys = KeyBar()
        self._filter = Input(placeholder="words, or val_loss < 2 and task = chat", id="filter", select_on_focus=False)
        self._query = Query()
        self._fault = LinesView(id="fault")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._title
        yield self._filter
        yield self._fault
        yield self._header
        yield self._rows
        yield self._detail
        yield self._keys

    def on_mount(self) -> None:
        """Begin to read."""
        self._show()
        self._collector = self.set_interval(COLLECT_SECONDS, self._collect)
        self._read()

    def on_resize(self) -> None:
        """As many key hints as fit; on a small screen the list has what room there is."""
        height = self.size.height
        self._detail.display = height >= DETAIL_FROM
        self._header.display = self._keys.display = height >= FRAME_FROM
        self.call_after_refresh(self._say)

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
        words = fault_words(fault, text, self._filter.cursor_position, self.size.width) if fault else _HINT
        self._fault.set_lines([words])
        self._show(keep=False)

    def on_input_submitted(self) -> None:
        """Back to the list, which stays filtered."""
        self._close_filter()

    def on_run_rows_moved(self) -> None:
        """Show more of the run under the cursor."""
        row = self._rows.selected
        self._detail.set_lines(detail_lines(row) if row else [])
        self._say()

    def on_run_rows_opened(self) -> None:
        """A double click."""
        self.action_open()

    def on_runs_header_clicked(self, message: RunsHeader.Clicked) -> None:
        """Sort by a title, or the other way round where it is sorted by that already."""
        if message.column == self._column:
            self.action_reverse()
        else:
            self._sort_by(message.column)

    def action_open(self) -> None:
        """Open the run under the cursor; for one that died, ask."""
        row = self._rows.selected
        if row is None:
            return
        if row.status == "died":
            self._ask(row, "open")
        else:
            self._open_run(Path(row.path))

    def action_resume(self) -> None:
        """Ask about taking the run under the cursor up again, or say why that can't be."""
        row = self._rows.selected
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
            self._say(f"{row.run} {why}", "warn")

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter.add_class("open")
        self._fault.add_class("open")
        self._fault.set_lines([_HINT])
        self.on_input_changed()
        self._filter.focus()

    def action_sort_key(self) -> None:
        """Choose any metric or setting to sort by."""
        from msopt_tui.ui.screens.history_sort import SortDialog, sort_keys

        def chosen(key: SortKey | None) -> None:
            if key is not None:
                self._sort_by(key)

        self.app.push_screen(SortDialog(sort_keys(self._rows.rows), self._column), chosen)

    def action_sort(self, by: int) -> None:
        """Sort by the next column, or the one before."""
        shown = self._header.columns
        at = shown.index(self._column) if self._column in shown else 0
        self._sort_by(shown[(at + by) % len(shown)])

    def action_reverse(self) -> None:
        """The other way round."""
        self._reverse = not self._reverse
        self._show()

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

    def _say(self, text: str = "", role: Role = "") -> None:
        self._keys.show(_KEYS, Message(text, role) if text else None)

    def _ask(self, row: RunRow, default: Answer) -> None:
        def answered(answer: Answer | None) -> None:
            if answer is not None:
                (self._resume_run if answer == "resume" else self._open_run)(Path(row.path))

        self.app.push_screen(ResumeDialog(row, default), answered)

    def _sort_by(self, column: SortKey) -> None:
        self._column, self._reverse = column, column in _DESCENDING
        self._show()

    def _close_filter(self) -> None:
        self._filter.set_class(bool(self._filter.value), "open")
        self._fault.remove_class("open")
        self._rows.focus()

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
        self._take(loaded)
        if self._refresher is not None:
            self._refresher.stop()
        if self.is_active:
            self._refresher = self.set_timer(max(REFRESH_SECONDS, REFRESH_SHARE * loaded.seconds), self._read)

    def _take(self, loaded: Loaded) -> None:
        self._error = loaded.error
        if loaded.error and self._listing is not None:
            self._show_title()  # what was read before is worth more than nothing
        elif self._listing is None or loaded.listing.rows != self._listing.rows:
            self._listing = loaded.listing
            self._show()

    def _show(self, keep: bool = True) -> None:
        if self._listing is not None:
            rows = self._listing.select(self._query, self._column, self._reverse)
            self._rows.show(rows, keep, self._column)
        self._header.show(self._column, self._reverse)
        self._show_title()

    def _show_title(self) -> None:
        self._title.set_lines([title_words(self._runs_dir, self._listing, len(self._rows.rows), self._error)])


_HINT: Words = [
    (" and or not ( )  < <= > >= = !=  ~ contains  ", "muted"),
    ("lr > 1e-4", "key"),
    ("  ", ""),
    ("age < 3d", "key"),
    ("  ", ""),
    ("status = died", "key"),
]


def fault_words(error: QueryError, text: str, cursor: int, width: int) -> Words:
    """What is wrong with a filter, under the place: the line above scrolls where it is longer than the screen."""
    from rich.cells import cell_len

    scrolled = max(cell_len(text[:cursor]) + 3 - width, 0)
    x = min(max(1 + cell_len(text[: error.at]) - scrolled, 1), max(width - 1, 1))
    note = f" {error}"
    if x + 1 + cell_len(note) <= width:
        return [(" " * x, ""), ("▲", "bad"), (note, "warn")]
    note = f"{error} (at {error.at + 1}) "
    room = x - cell_len(note)
    return [(" " * room + note, "warn"), ("▲", "bad")] if room >= 0 else [(f" at {error.at + 1}: {error}", "warn")]


def title_words(runs_dir: Path, listing: Listing | None, shown: int, error: str) -> Words:
    """What the list holds, or why it holds nothing."""
    words: Words = [(" history ", "title")]
    if error:
        return [*words, (f" the runs can't be read: {error}", "bad")]
    if listing is None:
        return [*words, (f" reading the runs in {runs_dir}…", "muted")]
    total = len(listing.rows)
    if not total:
        return [*words, (f" no runs in {runs_dir} yet: msopt-tui project.toml starts one", "muted")]
    count = f"{total:,} runs" if shown == total else f"{shown:,} of {total:,} runs"
    return [*words, (f" {count} in {runs_dir}", "muted")]


def detail_lines(row: RunRow) -> list[Words]:
    """What the columns have no room for."""
    text, role = status_words(row)
    going_on = row.reason or ("the engine went without a word" if row.status == "died" else "")
    facts = [
        f"{compact(row.parameters)} parameters" if row.parameters else "",
        f"on {row.device}" if row.device else "",
        f"branched from {row.parent}" if row.parent else "",
    ]
    best = figures(row.metrics)
    return [
        [(" ", ""), (f"{row.project} / {row.run}", "strong"), (f"  {row.description}", "muted")],
        [(f" {text}", role), (f"  {going_on}", "")],
        [(f" best, at step {row.best_step:,}: {best}" if row.best_step is not None else " no evaluation yet", "")],
        [
            (" " + " · ".join(fact for fact in facts if fact), "muted"),
            (f"  R resumes {resume_point(row)}" if row.resumable else "", "muted"),
        ],
    ]

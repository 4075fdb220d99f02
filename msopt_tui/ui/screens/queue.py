"""The queue on a screen: what waits, runs and is finished; its order, additions and removals by key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import msgspec
from textual import events
from textual.app import ComposeResult

from msopt_tui.config.errors import ConfigError
from msopt_tui.config.load import load_project
from msopt_tui.runs.queue_file import Entry, Queue, QueueError, QueueStore
from msopt_tui.runs.queue_runs import run_of
from msopt_tui.ui.daemon import on_daemon
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.requests import Message
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.screens.queue_words import detail_lines, empty_lines, entry_words, title_words
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.keybar import KeyBar
from msopt_tui.ui.widgets.lines import LinesView

REFRESH_SECONDS = 1.0
DETAIL_FROM = 12
"""Lines of the screen from which on the project under the cursor is described."""


class QueueWays(NamedTuple):
    """What the queue's screen needs others for."""

    open_run: Callable[[Path], None]
    add: Callable[[QueueStore, Path], Queue]
    """Adds a project file as the command line would. Raises QueueError."""
    work: Callable[[Path], Popen[bytes] | None]
    """Has the queue of a runs folder worked off by a process of its own, unless it is. Raises OSError."""


class QueueScreen(KeyScreen):
    """Reads and changes the file on a thread, one thing after another in the order of the keys."""

    CSS_PATH = "queue.tcss"
    BINDINGS = []

    def __init__(self, keys: Keys, runs_dir: Path, ways: QueueWays) -> None:
        super().__init__()
        self._keys, self._runs_dir, self._ways = keys, runs_dir, ways
        self._store = QueueStore(runs_dir)
        self._queue: Queue | None = None
        self._is_worked = False
        self._worker: Popen[bytes] | None = None
        """The worker that was started from here: it has no lock yet in its first moments."""
        self._problem = ""
        self._at = 0
        self._runs: dict[int, str] = {}
        """The run of an entry under way, by its number: looked for until it is found."""
        self._turn = asyncio.Lock()
        self._title = LinesView(id="title")
        self._list = LinesView(id="entries")
        self._detail = LinesView(id="detail")
        self._bar = KeyBar()

    def compose(self) -> ComposeResult:
        """From the top."""
        yield self._title
        yield self._list
        yield self._detail
        yield self._bar

    def on_mount(self) -> None:
        """Begin to read."""
        self._say()
        self._show()
        self._refresh()
        self.set_interval(REFRESH_SECONDS, lambda: self._refresh() if self.is_active else None)

    def on_resize(self) -> None:
        """A small screen has room for the list only."""
        self._detail.display = self.size.height >= DETAIL_FROM
        self.call_after_refresh(self._show)

    def press(self, event: events.Key) -> bool:
        """Do what a key means here."""
        action = self._keys.find_on("queue", event.key, event.character)
        if action is None:
            return False
        deeds: dict[str, Callable[[], None]] = {
            "queue_open": self.open,
            "queue_add": self.add,
            "queue_remove": lambda: self._change(lambda queue, entry: queue.remove(entry.id), "removed"),
            "queue_earlier": lambda: self._move(-1),
            "queue_later": lambda: self._move(1),
            "queue_again": lambda: self._change(lambda queue, entry: queue.again(entry.id), "waits once more", True),
            "queue_work": self.work,
            "queue_up": lambda: self._go(-1),
            "queue_down": lambda: self._go(1),
            "queue_help": self.help,
            "queue_back": self.back,
        }
        deeds[action.id]()
        return True

    @property
    def selected(self) -> Entry | None:
        """The project under the cursor."""
        entries = self._queue.entries if self._queue else ()
        return entries[self._at] if self._at < len(entries) else None

    def open(self) -> None:
        """Open the run of the project under the cursor."""
        entry = self.selected
        if entry is None:
            return
        path = run_of(entry)
        if path is None:
            words = "its turn has not come" if entry.status == "waiting" else "it has made no run"
            self._say(f"no run to open: {words}", "warn")
        else:
            self._ways.open_run(path)

    def add(self) -> None:
        """Ask for a project file."""
        from msopt_tui.ui.screens.line_dialog import LineDialog

        def check(text: str) -> str:
            try:
                load_project(Path(text).expanduser())
            except ConfigError as error:
                more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
                return f"{error.problems[0]}{more}"
            return ""

        def answered(text: str | None) -> None:
            if text is not None:
                path = Path(text).expanduser().resolve()
                self._do(lambda: self._ways.add(self._store, path), f"{path.name} added", then_work=True)

        self.app.push_screen(LineDialog("add to the queue", "file", "a project file", check), answered)

    def work(self) -> None:
        """Have it worked off."""
        self._do(self._store.read, "it is worked off", then_work=True)

    def help(self) -> None:
        """All keys."""
        from msopt_tui.ui.screens.help import HelpDialog

        self.app.push_screen(HelpDialog(self._keys))

    def back(self) -> None:
        """Leave."""
        self.dismiss(None)

    def _refresh(self) -> None:
        self._do(self._store.read)

    def _go(self, by: int) -> None:
        self._at = min(max(self._at + by, 0), max(len(self._queue.entries) - 1 if self._queue else 0, 0))
        self._say()
        self._show()

    def _move(self, by: int) -> None:
        self._change(lambda queue, entry: queue.move(entry.id, by))

    def _change(self, how: Callable[[Queue, Entry], Queue], said: str = "", then_work: bool = False) -> None:
        entry = self.selected
        if entry is not None:
            self._do(lambda: self._store.change(lambda queue: how(queue, entry)), said, then_work)

    def _do(self, deed: Callable[[], Queue], said: str = "", then_work: bool = False) -> None:
        self.run_worker(self._in_turn(deed, said, then_work), exit_on_error=False)

    async def _in_turn(self, deed: Callable[[], Queue], said: str, then_work: bool) -> None:
        async with self._turn:
            try:
                # What is only read may be left behind by leaving; what is written is finished first.
                queue = await (on_daemon(deed) if deed == self._store.read else asyncio.to_thread(deed))
                if then_work and any(not entry.finished for entry in queue.entries):
                    self._worker = await asyncio.to_thread(self._ways.work, self._runs_dir) or self._worker
                queue = await on_daemon(partial(_with_runs, queue, self._runs))
                is_starting = self._worker is not None and self._worker.poll() is None
                self._is_worked = is_starting or await on_daemon(lambda: self._store.is_worked)
            except (QueueError, OSError) as error:
                # Of reading, which goes on by itself, the title speaks; of a key's deed the footer does.
                if said or self._queue is not None:
                    self._say(str(error), "bad")
                else:
                    self._problem = str(error)
                    self._show()
                return
            self._take(queue)
            if said:
                self._say(said, "good")

    def _take(self, queue: Queue) -> None:
        here = self.selected
        self._queue, self._problem = queue, ""
        at = next((place for place, one in enumerate(queue.entries) if here is not None and one.id == here.id), None)
        self._at = min(self._at if at is None else at, max(len(queue.entries) - 1, 0))
        self._show()

    def _say(self, text: str = "", role: Role = "") -> None:
        self._bar.show(self._keys.footer_on("queue"), Message(text, role) if text else None)

    def _show(self) -> None:
        self._title.set_lines([title_words(self._queue, self._is_worked, self._problem, self._keys)])
        entries = self._queue.entries if self._queue else ()
        now = time.time()
        lines = [entry_words(entry, place == self._at, now) for place, entry in enumerate(entries)]
        self._list.set_lines(lines if lines or self._queue is None else empty_lines(self._keys))
        height = self._list.size.height
        if height:
            over = min(self._at - self._list.top, 0) or max(self._at - self._list.top - height + 1, 0)
            self._list.scroll_lines(over)
        self._detail.set_lines(detail_lines(self.selected, self._store.log))


def _with_runs(queue: Queue, known: dict[int, str]) -> Queue:
    """The queue with the run of what is under way, which stands in the file only once it is finished."""
    entries: list[Entry] = []
    for entry in queue.entries:
        if entry.status == "running":
            run = known.get(entry.id) or str(run_of(entry) or "")
            if run:
                known[entry.id] = run
            entry = msgspec.structs.replace(entry, run=run)
        entries.append(entry)
    return msgspec.structs.replace(queue, entries=tuple(entries))

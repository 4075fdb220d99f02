"""The editor of a project file: checked while it is typed, explained key by key, started from here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.timer import Timer

from msopt_tui.config.errors import ConfigError, Problem
from msopt_tui.config.load import check_text
from msopt_tui.runs.project_file import ProjectFile
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.requests import Message
from msopt_tui.ui.screens.edit_dialogs import ChangedDialog, LeaveDialog
from msopt_tui.ui.screens.edit_words import meaning_lines, problem_lines, title_words
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.keybar import KeyBar
from msopt_tui.ui.widgets.lines import LinesView
from msopt_tui.ui.widgets.toml_area import TomlArea

CHECK_SECONDS = 0.25
"""From the last letter typed to the check."""
PROBLEMS_SHOWN = 5
MEANING_FROM = 14
"""Lines of the screen from which on the key under the cursor is explained."""
ROOMY = 30
"""Lines of the screen from which on it is explained at length."""


class EditScreen(KeyScreen):
    """`start` begins a run with the file once it is saved and nothing is wrong with it; `leave` closes the editor."""

    CSS_PATH = "edit.tcss"
    AUTO_FOCUS = "TomlArea"
    BINDINGS = []

    def __init__(
        self, keys: Keys, file: ProjectFile, start: Callable[[Path], None], leave: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self._keys, self._file, self._start_run, self._leave = keys, file, start, leave
        self._title = LinesView(id="title")
        self._area = TomlArea(file.text)
        self._meaning = LinesView(id="meaning")
        self._problems_view = LinesView(id="problems")
        self._bar = KeyBar()
        self._problems: Sequence[Problem] | None = None
        """`None` while nothing has been checked yet."""
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """From the top."""
        yield self._title
        yield self._area
        yield self._meaning
        yield self._problems_view
        yield self._bar

    def on_mount(self) -> None:
        """Check what is there."""
        self._say()
        self._show()
        self._check_soon()
        if self.is_dirty:
            self.notify("its line ends are of several kinds: saved from here they become one kind", severity="warning")

    def on_resize(self) -> None:
        """Lines depend on the width."""
        self._meaning.display = self.size.height >= MEANING_FROM
        self._meaning.styles.height = 4 if self.size.height < ROOMY else 7
        self.call_after_refresh(self._show)

    def press(self, event: events.Key) -> bool:
        """A key of the editor, or of the text."""
        action = None if event.is_printable else self._keys.find_on("editor", event.key, None)
        if action is None:
            return self._area.press(event)
        deeds = {
            "editor_save": self.save,
            "editor_start": self.start,
            "editor_next_problem": self.next_problem,
            "editor_help": self.help,
            "editor_back": self.back,
        }
        deeds[action.id]()
        return True

    def on_text_area_changed(self) -> None:
        """Check it when the typing rests."""
        self._say()
        self._show_title()
        self._check_soon()

    def on_text_area_selection_changed(self) -> None:
        """Explain the key under the cursor."""
        self._show_meaning()

    @property
    def is_dirty(self) -> bool:
        """Whether something is not saved."""
        return self._area.text != self._file.text

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save, unless others changed the file: then ask. `then` is done once it is saved."""
        how = self._file.changed_by_others
        if not how:
            self._save(then)
            return

        def answered(answer: str | None) -> None:
            if answer == "overwrite":
                self._save(then)
            elif answer == "load":
                self._reload()

        self.app.push_screen(ChangedDialog(self._file.path, how), answered)

    def start(self) -> None:
        """Save and start, if nothing is wrong."""
        self._check_now()
        if self._problems:
            self._say(f"not started: {self._count()}", "bad")
            self._go_to(self._problems[0])
        elif self.is_dirty or self._file.changed_by_others:
            self.save(lambda: self._start_run(self._file.path))
        else:
            self._start_run(self._file.path)

    def next_problem(self) -> None:
        """Go to the next line below the cursor that something is wrong with, or round to the first."""
        self._check_now()
        row = self._area.cursor_location[0] + 1
        placed = sorted((one for one in self._problems or () if one.line), key=lambda one: one.line)
        if placed:
            self._go_to(next((one for one in placed if one.line > row), placed[0]))
        elif self._problems:
            self._say("no line is known for what is wrong", "warn")
        else:
            self._say("nothing is wrong", "good")

    def help(self) -> None:
        """All keys."""
        from msopt_tui.ui.screens.help import HelpDialog

        self.app.push_screen(HelpDialog(self._keys))

    def back(self) -> None:
        """Leave, after a question where something is not saved."""
        if not self.is_dirty:
            self._go()
            return

        def answered(answer: str | None) -> None:
            if answer == "save":
                self.save(self._go)
            elif answer == "discard":
                self._go()

        self.app.push_screen(LeaveDialog(self._file.path), answered)

    def _go(self) -> None:
        if self._leave is not None:
            self._leave()
        else:
            self.dismiss(None)

    def _save(self, then: Callable[[], None] | None) -> None:
        try:
            self._file.save(self._area.text)
        except OSError as error:
            self._say(f"not saved: {error.strerror}", "bad")
            return
        self._show_title()
        self._say("saved", "good")
        if then is not None:
            then()

    def _reload(self) -> None:
        try:
            self._area.put(self._file.reload())
        except ConfigError as error:
            self._say(str(error), "bad")

    def _check_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(CHECK_SECONDS, self._check)

    async def _check(self) -> None:
        text = self._area.text
        problems = await asyncio.to_thread(problems_of, text, self._file.path)
        if text == self._area.text:  # else the next check is on its way
            self._take(problems)

    def _check_now(self) -> None:
        self._take(problems_of(self._area.text, self._file.path))

    def _take(self, problems: Sequence[Problem]) -> None:
        self._problems = problems
        self._show()

    def _go_to(self, problem: Problem) -> None:
        if problem.line:
            row = min(problem.line, self._area.document.line_count) - 1
            line = self._area.document.get_line(row)
            self._area.move_cursor((row, len(line) - len(line.lstrip())), center=True)

    def _count(self) -> str:
        count = len(self._problems or ())
        return f"{count} problem{'s' if count > 1 else ''}"

    def _say(self, text: str = "", role: Role = "") -> None:
        self._bar.show(self._keys.footer_on("editor"), Message(text, role) if text else None)

    def _show(self) -> None:
        self._show_title()
        self._show_meaning()
        lines = problem_lines(self._problems or (), self._area.size.width - 2)
        self._problems_view.styles.height = min(len(lines), PROBLEMS_SHOWN, max(self.size.height // 4, 1))
        self._problems_view.set_lines(lines)

    def _show_title(self) -> None:
        self._title.set_lines([title_words(self._file.path.absolute(), self._problems, self.is_dirty)])

    def _show_meaning(self) -> None:
        lines = self._area.text.splitlines()
        self._meaning.set_lines(meaning_lines(lines, self._area.cursor_location[0], self._area.size.width - 2))


def problems_of(text: str, path: Path) -> Sequence[Problem]:
    """What the command line would say of this text as the project file at `path`."""
    try:
        check_text(text, path)
    except ConfigError as error:
        return error.problems
    return ()

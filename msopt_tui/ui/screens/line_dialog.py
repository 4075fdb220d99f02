"""One line asked of the person: a step, a prompt, a file, a checkpoint with settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from msopt_tui.ui.screens.dialog import Dialog, hint_lines
from msopt_tui.ui.widgets.line_input import LineInput
from msopt_tui.ui.widgets.lines import LinesView

Check = Callable[[str], str]
"""What is wrong with a line; empty where nothing is."""


class LineDialog(Dialog[str]):
    """Answers with the line, stripped; what is wrong with it is said at every key."""

    TAKES_EMPTY: ClassVar[bool] = False
    """Whether nothing is an answer too."""

    def __init__(self, title: str, label: str, hint: str, check: Check, start: str = "") -> None:
        super().__init__()
        self._title, self._label_text, self._hint_text, self._check = title, label, hint, check
        self._label = LinesView(classes="label")
        self._line = LineInput(id="line")
        self._line.value = start
        self._problem = LinesView(classes="row")
        self._hint = LinesView(classes="row")

    def body(self) -> ComposeResult:
        """The line, what is wrong with it, what it takes."""
        with Horizontal(classes="row"):
            yield self._label
            yield self._line
        yield self._problem
        yield self._hint

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#box").border_title = self._title
        self._label.set_lines([[(self._label_text, "muted")]])
        self._line.focus()
        self._line.cursor_position = len(self._line.value)

    def on_resize(self) -> None:
        """As many lines as the hint takes."""
        lines = hint_lines(self._hint_text, (("enter", "go"), ("esc", "cancel")), self.room)
        self._hint.styles.height = len(lines)
        self._hint.set_lines(lines)

    def on_input_changed(self) -> None:
        """Say at once what is wrong; an empty line is only not yet right."""
        text = self._line.value.strip()
        wrong = self._check(text) if text else ""
        self._problem.set_lines([[(f"✗ {wrong}", "bad")] if wrong else []])

    def on_input_submitted(self) -> None:
        """Take it, if it is right."""
        text = self._line.value.strip()
        wrong = self._check(text) if text or self.TAKES_EMPTY else "nothing is typed yet"
        if wrong:
            self._problem.set_lines([[(f"✗ {wrong}", "bad")]])
        else:
            self.dismiss(text)

"""Two questions about a run on the list: a line to write, and whether it should really be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from textual.app import ComposeResult
from textual.widgets import Input

from msopt_tui.runs.row import RunRow
from msopt_tui.ui.path_words import path_in
from msopt_tui.ui.screens.dialog import Dialog, hint_lines
from msopt_tui.ui.screens.history_columns import local_time, status_words
from msopt_tui.ui.widgets.choices import Choice, Choices
from msopt_tui.ui.widgets.line_input import LineInput
from msopt_tui.ui.widgets.lines import LinesView, Words

PATH_CELLS = 72
"""What a dialog on a narrow screen has room for."""
NAMED_AT_MOST = 5
"""Branches that are named; of the others only the number is told."""


class EditDialog(Dialog[str]):
    """One line of text; `enter` takes it, also where it is empty, `esc` leaves things as they are."""

    def __init__(self, title: str, run: str, text: str, hint: str, limit: int, deed: str = "keep") -> None:
        """`deed` is what `enter` does, in a word; `limit` is in characters."""
        super().__init__()
        self._title = title
        self._run = run
        self._hint_text, self._deed = hint, deed
        self._hint = LinesView(classes="text")
        self._input = LineInput(text, placeholder=title, max_length=limit)

    def body(self) -> ComposeResult:
        """The run, the line, what may be written."""
        yield _text([[(self._run, "strong")], []])
        yield self._input
        yield self._hint

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one("#box").border_title = self._title
        self.set_focus(self._input)

    def on_resize(self) -> None:
        """As many lines as the hint takes."""
        lines = [[], *hint_lines(self._hint_text, (("enter", self._deed), ("esc", "cancel")), self.room)]
        self._hint.styles.height = len(lines)
        self._hint.set_lines(lines)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Done."""
        self.dismiss(event.value)


class DeleteDialog(Dialog[Literal["delete"]]):
    """Whether to delete a run; says what was branched from it, and does nothing unless told to."""

    TITLE_TEXT = "delete?"

    def __init__(self, row: RunRow, branches: Sequence[RunRow]) -> None:
        super().__init__()
        self._row = row
        self._branches = branches

    def body(self) -> ComposeResult:
        """What would go, what hangs on it, the choices."""
        yield _text(delete_lines(self._row, self._branches))
        kept = Choice("leave", "c", "cancel", "the run stays")
        gone = Choice("delete", "x", "delete", "its whole folder: journal, checkpoints, model; for good")
        yield Choices([kept, gone])

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        """Done."""
        self.dismiss("delete" if event.name == "delete" else None)


def delete_lines(row: RunRow, branches: Sequence[RunRow]) -> list[Words]:
    """The run, and the runs that were branched from it, the living ones first."""
    text, role = status_words(row)
    lines: list[Words] = [
        [(row.run, "strong"), ("  ", ""), (text, role), (f"  step {row.step:,}, of {local_time(row.created)}", "")],
        [(path_in(Path(row.path), PATH_CELLS), "muted")],
    ]
    if branches:
        living = sum(not branch.over for branch in branches)
        going_on = f", {living} of them going on now" if living else ""
        runs = "1 run was" if len(branches) == 1 else f"{len(branches)} runs were"
        lines += [[], [(f"{runs} branched from it{going_on};", "warn")]]
        lines.append([("the way back to where they began is lost:", "warn")])
        for branch in sorted(branches, key=lambda one: one.over)[:NAMED_AT_MOST]:
            lines.append([(f"  {branch.project} / {branch.run}  ", ""), status_words(branch)])
        if len(branches) > NAMED_AT_MOST:
            lines.append([(f"  and {len(branches) - NAMED_AT_MOST} more", "muted")])
    return [*lines, []]


def _text(lines: list[Words]) -> LinesView:
    view = LinesView(classes="text")
    view.styles.height = len(lines)
    view.lines = lines
    return view

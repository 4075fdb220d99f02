"""The question whether a run that is not going on should."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult

from msopt_tui.runs.row import RunRow
from msopt_tui.state.numbers import counted
from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.screens.history_columns import status_words
from msopt_tui.ui.widgets.choices import Choice, Choices
from msopt_tui.ui.widgets.lines import LinesView, Words

Answer = Literal["open", "resume"]


class ResumeDialog(Dialog[Answer]):
    """Resume, look at it, or neither (`esc`)."""

    TITLE_TEXT = "resume?"

    def __init__(self, row: RunRow, default: Answer) -> None:
        super().__init__()
        self._row = row
        self._default = default

    def body(self) -> ComposeResult:
        """What became of the run, and the choices, the likelier one first."""
        lines = _lines(self._row)
        text = LinesView(classes="text")
        text.styles.height = len(lines)
        text.lines = lines
        yield text
        choices = [
            Choice("resume", "r", "resume", resume_point(self._row)),
            Choice("open", "o", "look at it", "its journal in the same panes; nothing is started"),
        ]
        if self._default == "open":
            choices.reverse()
        yield Choices([*choices, Choice("leave", "c", "cancel", "back to the list")])

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        """Done."""
        answers: dict[str, Answer] = {"resume": "resume", "open": "open"}
        self.dismiss(answers.get(event.name))


def resume_point(row: RunRow) -> str:
    """Where a resumed run would go on."""
    if row.checkpoint is None:
        return "from the beginning: there is no checkpoint"
    again = max(row.step - row.checkpoint, 0)
    return f"from checkpoint {row.checkpoint:,}" + (f", doing {counted(again, 'step')} again" if again else "")


def _lines(row: RunRow) -> list[Words]:
    text, role = status_words(row)
    died = "Its engine went without a word; output.log in its folder may say more."
    return [
        [(row.run, "strong"), ("  ", ""), (text, role), (f" at step {row.step:,}", "")],
        [(row.reason or (died if row.status == "died" else "Nobody said why."), "muted")],
        [],
    ]

"""The quit dialog: leave the run going, or end it with or without a checkpoint."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult

from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.widgets.choices import Choice, Choices
from msopt_tui.ui.widgets.lines import LinesView, Words

Leaving = Literal["detach", "save", "stop"]


class QuitDialog(Dialog[Leaving]):
    """Answers with what to do; `None` stays."""

    TITLE_TEXT = "leave"

    def __init__(self, *, can_detach: bool, is_stopping: bool = False) -> None:
        super().__init__()
        self._can_detach = can_detach
        self._is_stopping = is_stopping

    def body(self) -> ComposeResult:
        """The choices, the harmless one first."""
        rows = []
        if self._can_detach:
            rows.append(Choice("detach", "d", "detach", "the run goes on; `msopt-tui attach` returns to it"))
        rows += [
            Choice("save", "s", "stop and save", "end the run with a checkpoint to resume from"),
            Choice("stop", "x", "stop without saving", "what came after the last checkpoint is lost"),
            Choice("stay", "c", "cancel", "stay here"),
        ]
        lines: list[Words] = []
        if self._is_stopping:
            lines = [[("The run is already stopping; it ends after its current step.", "warn")], []]
        elif not self._can_detach:
            lines = [[("The engine lives in this process: leaving the screen ends the run.", "warn")], []]
        if lines:
            text = LinesView(classes="text")
            text.styles.height = len(lines)
            text.lines = lines
            yield text
        yield Choices(rows)

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        """Done."""
        answers: dict[str, Leaving] = {"detach": "detach", "save": "save", "stop": "stop"}
        self.dismiss(answers.get(event.name))

"""What the editor asks: leave without saving? write over what others wrote?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from textual.app import ComposeResult

from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.widgets.choices import Choice, Choices
from msopt_tui.ui.widgets.lines import LinesView, Words


class _Question(Dialog[str]):
    """A sentence and choices; the last one, like `esc`, changes nothing."""

    def __init__(self, lines: list[Words], choices: list[Choice]) -> None:
        super().__init__()
        self._lines, self._choices = lines, choices

    def body(self) -> ComposeResult:
        """The sentence, the choices."""
        text = LinesView(classes="text")
        text.styles.height = len(self._lines) + 1
        text.lines = self._lines
        yield text
        yield Choices([*self._choices, Choice("cancel", "c", "cancel", "back to the text")])

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        """Done."""
        self.dismiss(event.name)


class LeaveDialog(_Question):
    """`save`, `discard` or stay."""

    TITLE_TEXT = "leave?"

    def __init__(self, path: Path) -> None:
        super().__init__(
            [[("Not everything is saved in ", ""), (path.name, "strong")]],
            [
                Choice("save", "s", "save and leave", ""),
                Choice("discard", "x", "leave without saving", "what was typed since the last save is lost"),
            ],
        )


class ChangedDialog(_Question):
    """`overwrite`, `load` (where there is something to load) or back to the text."""

    TITLE_TEXT = "changed meanwhile"

    def __init__(self, path: Path, how: Literal["changed", "gone"]) -> None:
        gone = how == "gone"
        said = " was removed since it was opened here." if gone else " was changed by another program meanwhile."
        choices = [Choice("overwrite", "o", "write it again" if gone else "overwrite", "with what stands here")]
        if not gone:
            choices.append(Choice("load", "l", "load", "what stands in the file; ctrl+z brings back what stood here"))
        super().__init__([[(path.name, "strong"), (said, "")]], choices)

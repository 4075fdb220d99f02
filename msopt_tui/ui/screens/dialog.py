"""What the dialogs share: a framed box over the cockpit that `esc` closes and that may follow the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar, runtime_checkable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from msopt_tui.ui.widgets.lines import Words, words_length, wrap
from msopt_tui.ui.widgets.partial_update import SendsChanges

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


Answer = TypeVar("Answer")


@runtime_checkable
class TakesKeys(Protocol):
    """A part of a dialog that keys are meant for."""

    def press(self, key: str, character: str | None = None) -> bool:
        """Do what a key means here; whether it means anything."""


WIDTH, AROUND = 92, 7
"""Cells of the widest box, as in `dialog.tcss`, and of its frame, margins and scroll bar."""


def hint_lines(hint: str, keys: Sequence[tuple[str, str]], room: int) -> list[Words]:
    """What a line takes, then its keys: behind it where `room` cells are enough, else below. Pure."""
    lines: list[Words] = [[(line, "muted")] for line in wrap(hint, room)]
    words: Words = []
    for key, what in keys:
        words += [("   ", ""), (key, "key"), (f" {what}", "muted")]
    if hint and words_length(lines[-1]) + words_length(words) <= room:
        lines[-1] += words
        return lines
    return [*(lines if hint else []), words[1:]]


class Dialog(SendsChanges, ModalScreen[Answer | None]):
    """Subclasses fill the box with `body`."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = []
    TITLE_TEXT: ClassVar[str] = ""

    def body(self) -> ComposeResult:
        """What stands in the box."""
        raise NotImplementedError

    def show(self, state: RunState) -> None:
        """Follow the run, while the dialog is open; most need not."""

    @property
    def room(self) -> int:
        """Cells of a line in the box."""
        return max(min(WIDTH, self.app.size.width) - AROUND, 10)

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(id="box") as box:
            box.border_title = self.TITLE_TEXT
            yield from self.body()

    def on_key(self, event: events.Key) -> None:
        """Leave without an answer; hand on what was typed before anything had the focus.

        Textual calls this beside a subclass's own `on_key`, not instead of it.
        """
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
            return
        taker = next((one for one in self.query("*") if isinstance(one, TakesKeys)), None)
        if taker is not None and not taker.has_focus and taker.press(event.key, event.character):
            event.stop()

"""What the dialogs share: a framed box over the cockpit that `esc` closes and that may follow the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None]):
    """Subclasses fill the box with `body`."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = []
    TITLE_TEXT: ClassVar[str] = ""

    def body(self) -> ComposeResult:
        """What stands in the box."""
        raise NotImplementedError

    def show(self, state: RunState) -> None:
        """Follow the run, while the dialog is open; most need not."""

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(id="box") as box:
            box.border_title = self.TITLE_TEXT
            yield from self.body()

    def on_key(self, event: events.Key) -> None:
        """Leave without an answer. Textual calls this beside a subclass's own `on_key`, not instead of it."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)

"""A one-line input that keeps the order of what was typed, however fast it came."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.widgets import Input


class LineInput(Input):
    """Textual's input inserts a character at once but runs backspace and the arrows later, as bindings of the app.

    Over a slow line keys come in bursts, and then `1`, backspace, `2` would become an empty line. Here every
    editing key takes effect in its turn; `move` gets -1 and 1 for up and down.
    """

    def __init__(
        self,
        value: str = "",
        *,
        id: str | None = None,  # noqa: A002
        placeholder: str = "",
        max_length: int = 0,
        move: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(value, id=id, placeholder=placeholder, max_length=max_length, select_on_focus=False)
        # A blinking cursor is a redraw twice a second, over a line that may be slow.
        self.cursor_blink = False
        self._move = move
        self._edits: dict[str, Callable[[], None]] = {
            "backspace": self.action_delete_left,
            "delete": self.action_delete_right,
            "left": self.action_cursor_left,
            "right": self.action_cursor_right,
            "home": self.action_home,
            "end": self.action_end,
            "ctrl+a": self.action_home,
            "ctrl+e": self.action_end,
            "ctrl+k": self.action_delete_right_all,
            "ctrl+u": self.action_delete_left_all,
            "ctrl+w": self.action_delete_left_word,
        }

    def on_resize(self) -> None:
        """The cursor is in view: of a long path its end, which tells most."""
        self.mutate_reactive(Input.selection)

    def on_key(self, event: events.Key) -> None:
        """Edit now; what is not editing goes its usual way."""
        if not event.is_printable and self.press(event.key):
            event.stop()
            event.prevent_default()

    def press(self, key: str, character: str | None = None) -> bool:
        """Do what a key means here; whether it means anything."""
        if key in ("up", "down") and self._move is not None:
            self._move(1 if key == "down" else -1)
        elif key in self._edits:
            self._edits[key]()
        elif character is not None and character.isprintable():
            self.insert_text_at_cursor(character)
        else:
            return False
        return True

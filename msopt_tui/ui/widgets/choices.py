"""A short list to choose from: arrows and enter, a letter for each row, or a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual import events
from textual.message import Message

from msopt_tui.ui.widgets.lines import LinesView, Words


class Choice(NamedTuple):
    """A row."""

    name: str
    """What `Chosen` carries."""
    key: str
    """A letter that chooses it at once."""
    label: str
    detail: str = ""


class Choices(LinesView, can_focus=True):
    """Posts `Chosen` with the name of the row."""

    DEFAULT_CSS = "Choices { height: auto; }"
    HAS_BAR = False

    @dataclass
    class Chosen(Message):
        """A row was chosen."""

        name: str

    def __init__(self, choices: Sequence[Choice]) -> None:
        super().__init__()
        self.choices = choices
        self.cursor = 0
        self.styles.height = len(choices)

    def on_mount(self) -> None:
        """Show the rows."""
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Move, or choose."""
        if self.press(event.key, event.character):
            event.stop()

    def press(self, key: str, _: str | None = None) -> bool:
        """Do what a key means here; whether it means anything."""
        if key in ("up", "down"):
            self.cursor = (self.cursor + (1 if key == "down" else -1)) % len(self.choices)
            self._draw()
        elif key == "enter":
            self._choose(self.cursor)
        elif (row := next((i for i, one in enumerate(self.choices) if one.key == key), None)) is not None:
            self._choose(row)
        else:
            return False
        return True

    def on_click(self, event: events.Click) -> None:
        """Choose the row under the pointer."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self.choices):
            self._choose(offset.y)

    def _choose(self, row: int) -> None:
        self.cursor = row
        self._draw()
        self.post_message(self.Chosen(self.choices[row].name))

    def _draw(self) -> None:
        lines: list[Words] = []
        width = max(len(one.label) for one in self.choices)
        for row, one in enumerate(self.choices):
            here = row == self.cursor
            lines.append(
                [
                    ("▸ " if here else "  ", "title"),
                    (f"{one.key} ", "key"),
                    (f"{one.label:<{width}}", "title" if here else "strong"),
                    (f"  {one.detail}", "" if here else "muted"),
                ]
            )
        self.set_lines(lines)

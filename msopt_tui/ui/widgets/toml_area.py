"""A text area for a project file: every key in its turn, TOML in the theme's colours, nothing acts on the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.style import Style
from rich.text import Text
from textual import events
from textual.widgets import TextArea

from msopt_tui.ui.sanitise import is_harmless, sanitise
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Themed

_COMMENT = re.compile(r"""(?:[^#"']|"(?:[^"\\]|\\.)*"|'[^']*')*(#.*)""")
_HEADER = re.compile(r"\s*\[[^#]*")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")
_ACTIONS = {
    name: binding.action
    for binding in TextArea.BINDINGS
    if not isinstance(binding, tuple)
    for name in binding.key.split(",")
}
"""Textual's own keys for editing, by key."""


class TomlArea(TextArea):
    """Textual inserts a character at once but runs the arrows later, as bindings: typed fast they would change places.

    `press` does both in their turn.
    """

    DEFAULT_CSS = "TomlArea { border: none; padding: 0; } TomlArea:focus { border: none; }"

    def __init__(self, text: str) -> None:
        super().__init__(text, soft_wrap=False, show_line_numbers=True, tab_behavior="indent", compact=True)
        self.cursor_blink = False  # a redraw twice a second, over a line that may be slow
        self._inks: dict[Role, Style] = {}

    def put(self, text: str) -> None:
        """Replace all of the text; undo brings the old one back."""
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor((0, 0))

    def press(self, event: events.Key) -> bool:
        """Edit, move or copy; whether the key means anything here."""
        if event.is_printable and event.character is not None:
            self.replace(event.character, *self.selection, maintain_selection_offset=False)
        elif event.key == "enter":
            self.replace("\n", *self.selection, maintain_selection_offset=False)
        elif event.key == "tab":
            self.replace("    ", *self.selection, maintain_selection_offset=False)
        elif event.key in _ACTIONS:
            self._run(_ACTIONS[event.key])
        else:
            return False
        return True

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: a character that could act on the terminal has a stand-in of the same length."""
        plain = self.document.get_line(line_index)
        if not is_harmless(plain):
            plain = "".join(one if is_harmless(one) else sanitise(one, multiline=False) or "�" for one in plain)
        text = Text(plain, end="", no_wrap=True)
        for start, end, role in spans(plain):
            text.stylize(self._ink(role), start, end)
        return text

    def notify_style_update(self) -> None:
        """Colours may have changed."""
        super().notify_style_update()
        self._inks = {}

    def _ink(self, role: Role) -> Style:
        app = self.app
        if role not in self._inks:
            self._inks[role] = app.theme_file.styles[role] if isinstance(app, Themed) else Style()
        return self._inks[role]

    def _run(self, action: str) -> None:
        name, _, argument = action.partition("(")
        method = getattr(self, f"action_{name}")
        method(True) if argument else method()


def spans(line: str) -> Iterator[tuple[int, int, Role]]:
    """Headers, keys and comments of a line, told from this line alone: inside long texts it may err. Pure."""
    found = _COMMENT.match(line)
    at = found.start(1) if found else len(line)
    if at < len(line):
        yield at, len(line), "muted"
    header = _HEADER.match(line[:at])
    key = _KEY.match(line[:at])
    if header:
        yield header.start(), header.end(), "title"
    elif key:
        yield key.start(1), key.end(1), "key"

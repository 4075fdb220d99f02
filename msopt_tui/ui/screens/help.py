"""The help screen: every key of the table, and what the marks mean."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult

from msopt_tui.ui.keys import Action, Group, Keys, shown
from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.widgets.lines import LinesView, Words, fit, words_length, wrap

_RIGHT: tuple[Group, ...] = ("Charts", "Lists and samples", "Program")
_TWO_COLUMNS = 150
_LEGEND: list[Words] = [
    [("Marks", "title")],
    [("  ◆ evaluation   ★ best    ▲ checkpoint    ✗ not finite", "")],
    [("  ✎ adjusted     ⚑ round   ↺ rolled back   ‖ paused", "")],
]


class HelpDialog(Dialog[None]):
    """Scrolls; any of its opening keys closes it."""

    TITLE_TEXT = "keys"

    def __init__(self, keys: Keys, first: Group = "Run") -> None:
        """`first` is the group that the screen below is about."""
        super().__init__()
        self._keys = keys
        self._first: Group = first
        self._text = LinesView(id="help-text")

    def body(self) -> ComposeResult:
        """One list."""
        yield self._text

    def on_mount(self) -> None:
        """As wide as there is room for."""
        self._draw()

    def on_resize(self) -> None:
        """One column or two."""
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Scroll, or leave."""
        page = max(self._text.size.height - 1, 1)
        moves = {"up": -1, "down": 1, "pageup": -page, "pagedown": page, "home": -10_000, "end": 10_000}
        if event.key in moves:
            event.stop()
            self._text.scroll_lines(moves[event.key])
            return
        action = self._keys.find(event.key, event.character, None)
        if action is not None and action.id in ("help", "quit"):
            event.stop()
            self.dismiss(None)

    def _draw(self) -> None:
        width, height = self.app.size
        two = width >= _TWO_COLUMNS
        box = self.query_one("#box")
        box.styles.width = inner = min(width, 156 if two else 96)
        lines = help_lines(self._keys, inner - 7, two_columns=two, first=self._first)
        self._text.styles.height = min(len(lines), max(height - 4, 1))
        self._text.set_lines(lines)


def help_lines(keys: Keys, width: int, *, two_columns: bool, first: Group = "Run") -> list[Words]:
    """Group by group, in one column or two, then the marks."""
    groups = keys.groups()
    order = sorted((name for name in groups if name not in _RIGHT), key=lambda name: name != first)
    half = width // 2
    room = half - 2 if two_columns else width
    left = [line for name in order for line in _group(name, groups[name], room)]
    right = [line for name in _RIGHT for line in _group(name, groups[name], room)]
    if not two_columns:
        return [*left, *right, *_LEGEND]
    lines: list[Words] = []
    for at in range(max(len(left), len(right))):
        one = fit(left[at], half - 2) if at < len(left) else []
        other = right[at] if at < len(right) else []
        lines.append([*one, (" " * (half - words_length(one)), ""), *other])
    return [*lines, *_LEGEND]


def _group(name: str, rows: list[Action], width: int) -> list[Words]:
    lines: list[Words] = [[(name, "title")]]
    for row in rows:
        pressed = f"  {' '.join(shown(key) for key in row.keys):<16} "
        first, *rest = wrap(row.help, max(width - len(pressed), 8))
        lines.append([(pressed, "key"), (first, "")])
        lines += [[(" " * len(pressed), ""), (line, "")] for line in rest]
    return [*lines, []]

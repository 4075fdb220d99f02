"""The last line: keys at the left, what became of the latest request at the right."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.ui.requests import Message
from msopt_tui.ui.widgets.lines import LinesView, Words, fit, words_length


def keybar_words(hints: Sequence[tuple[str, str]], message: Message | None, width: int) -> Words:
    """The message whole, the last two hints (help and quit) if at all possible, then as many as fit from the first."""
    right: Words = fit([(f" {message.text} ", message.role)], width) if message else []
    room = width - words_length(right)
    always = [_hint(*one) for one in hints[-2:]]
    words: Words = []
    for hint in [_hint(*one) for one in hints[:-2]]:
        if words_length([*words, *hint, *(piece for one in always for piece in one)]) > room:
            break
        words += hint
    for hint in always:
        if words_length([*words, *hint]) <= room:
            words += hint
    return [*words, (" " * (room - words_length(words)), ""), *right]


def _hint(key: str, label: str) -> Words:
    return [(f" {key}", "key"), (f" {label} ", "muted")]


class KeyBar(LinesView):
    """One line high."""

    DEFAULT_CSS = "KeyBar { height: 1; background: $panel; }"
    HAS_BAR = False

    def __init__(self) -> None:
        super().__init__()
        self._hints: Sequence[tuple[str, str]] = ()
        self._message: Message | None = None

    def show(self, hints: Sequence[tuple[str, str]], message: Message | None) -> None:
        """Bring the line up to date."""
        self._hints, self._message = hints, message
        self.set_lines([keybar_words(hints, message, self.size.width)])

    def on_resize(self) -> None:
        """As many hints as fit now."""
        self.show(self._hints, self._message)

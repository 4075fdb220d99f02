"""A form of settings: choose a row, type a value, apply all that was changed at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal

from msopt_tui.config.fields import Scalar, find
from msopt_tui.protocol.adjustable import ADJUSTABLE
from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.widgets.line_input import LineInput
from msopt_tui.ui.widgets.lines import LinesView, Words, fit, words_length

Check = Callable[[str, str], Scalar]
"""Turns what was typed for a setting into its value, or raises ValueError with the allowed range."""


_AROUND_THE_LIST = 9
"""Lines of the dialog that are not the list."""


MOST_OF_NOW = 24
"""Cells for the value in force, of which a list may have many more."""


class Changes(NamedTuple):
    """What the form was left with."""

    values: dict[str, Scalar]
    why: str


class ChangesDialog(Dialog[Changes]):
    """Up and down choose a setting; enter applies everything typed; one wrong value holds all of it back."""

    def __init__(
        self,
        title: str,
        names: Sequence[str],
        current: Mapping[str, Scalar],
        check: Check,
        proposed: Mapping[str, Scalar] | None = None,
    ) -> None:
        """`proposed` stands in the form from the start and counts as typed."""
        super().__init__()
        self._title = title
        self._names = list(names)
        self._name_width = max(map(len, self._names)) + 1
        self._current = current
        self._check = check
        self._proposed = frozenset(proposed or ())
        self._typed = {name: text_of(value) for name, value in (proposed or {}).items()}
        self._row = 0
        self._list = LinesView(id="settings-list")
        self._note = LinesView(classes="row")
        self._problem = LinesView(classes="row")
        self._hint = LinesView(classes="row")
        self._label = LinesView(classes="label")
        self._why_label = LinesView(classes="label")
        self._value = LineInput(id="value", move=self._go)
        self._why = LineInput(id="why", placeholder="for the journal; may stay empty", move=self._go)

    def body(self) -> ComposeResult:
        """List, value, reason, what is wrong."""
        yield self._list
        yield self._note
        with Horizontal(classes="row"):
            yield self._label
            yield self._value
        with Horizontal(classes="row"):
            yield self._why_label
            yield self._why
        yield self._problem
        yield self._hint

    def on_mount(self) -> None:
        """Start on the first row."""
        self.query_one("#box").border_title = self._title
        self._label.set_lines([[("new value ", "muted")]])
        self._why_label.set_lines([[("why       ", "muted")]])
        hints = (("↑↓", "setting"), ("tab", "reason"), ("enter", "apply all ✎"), ("esc", "cancel"))
        hint: Words = []
        for key, label in hints:
            hint += [(key, "key"), (f" {label}   ", "muted")]
        self._hint.set_lines([hint])
        self._value.focus()
        self._enter_row(0)

    def on_resize(self) -> None:
        """The list gives way, so that value and hints stay in view."""
        self._list.styles.height = min(len(self._names) + 1, max(self.app.size.height - _AROUND_THE_LIST, 2))
        self.call_after_refresh(self._draw)

    def on_input_changed(self) -> None:
        """Say at once what is wrong with what was typed."""
        self._keep()
        self._draw()

    def on_input_submitted(self) -> None:
        """Apply everything, if everything is right."""
        self._keep()
        values: dict[str, Scalar] = {}
        for row, name in enumerate(self._names):
            if name in self._typed:
                try:
                    values[name] = self._check(name, self._typed[name])
                except ValueError:
                    self._enter_row(row)
                    return
        if any(value != self._current.get(name) or name in self._proposed for name, value in values.items()):
            self.dismiss(Changes(values, self._why.value.strip()))
        else:
            already = ", ".join(f"{name} is {text_of(value)} already" for name, value in values.items())
            self._problem.set_lines([[(already or "nothing is changed yet", "warn")]])

    def _go(self, by: int) -> None:
        """To another setting."""
        self._keep()
        self._enter_row((self._row + by) % len(self._names))
        self._value.focus()

    def _enter_row(self, row: int) -> None:
        self._row = row
        name = self._names[row]
        text = self._typed.get(name, text_of(self._current.get(name, "")))
        self._value.value = text
        self._value.cursor_position = len(text)
        self._draw()

    def _keep(self) -> None:
        """Remember what stands in the line now for the row it belongs to."""
        name, text = self._names[self._row], self._value.value.strip()
        if name not in self._proposed and text == text_of(self._current.get(name, "")):
            self._typed.pop(name, None)
        else:
            self._typed[name] = text

    def _draw(self) -> None:
        now = {name: text_of(self._current.get(name, "–")) for name in self._names}
        wide = min(max(len("now"), *map(cell_len, now.values())), MOST_OF_NOW)
        lines: list[Words] = [[(f"  {'setting':<{self._name_width}} {'now':<{wide}} new", "muted")]]
        for row, name in enumerate(self._names):
            here = row == self._row
            words: Words = [
                ("▸ " if here else "  ", "title"),
                (f"{name:<{self._name_width}} ", "title" if here else ""),
                *padded(now[name], wide),
                (" ", ""),
            ]
            if name in self._typed:
                words.append((f"✎ {self._typed[name]}", "bad" if self._wrong(name) else "accent"))
            lines.append(words)
        self._list.set_lines(lines)
        # With the first setting the titles above it.
        line = self._row + 1 if self._row else 0
        self._list.scroll_lines(_into_view(line, self._list.top, self._list.size.height))
        name = self._names[self._row]
        self._note.set_lines([[(note_of(name), "muted")]])
        wrong = self._wrong(name)
        self._problem.set_lines([[(f"✗ {wrong}", "bad")] if wrong else []])

    def _wrong(self, name: str) -> str:
        """What is wrong with what was typed for a setting; empty where nothing is."""
        if name not in self._typed:
            return ""
        try:
            self._check(name, self._typed[name])
        except ValueError as error:
            return str(error)
        return ""


def note_of(name: str) -> str:
    """What a setting allows, and from when on a change counts."""
    try:
        allowed = find(name).allowed
    except KeyError:
        return ""
    row = ADJUSTABLE.get(name)
    unit = f" ({row.unit})" if row and row.unit else ""
    return f"{allowed}{unit}" + (f" · from the {row.effect} on" if row else "")


def text_of(value: Scalar) -> str:
    """A value as a person would type it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def padded(text: str, width: int) -> Words:
    """A cell of a table, muted: what is too long ends in …, what is short is filled up."""
    cell = fit([(text, "muted")], width)
    return [*cell, (" " * (width - words_length(cell)), "")]


def _into_view(row: int, top: int, height: int) -> int:
    """By how much to scroll so that a row is seen."""
    if row < top:
        return row - top
    return max(row - (top + max(height, 1) - 1), 0)

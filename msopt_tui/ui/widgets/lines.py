"""A widget of styled lines: no markup, no layout while it is fed, and only what changed is repainted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Protocol, runtime_checkable

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip

from msopt_tui.ui.sanitise import is_harmless, sanitise
from msopt_tui.ui.theme import Role, ThemeFile
from msopt_tui.ui.widgets.unscrolled import Unscrolled

Span = tuple[str, Role]
"""A piece of text and what it is."""
Words = list[Span]
"""One line."""


@runtime_checkable
class Themed(Protocol):
    """An app that knows the styles of the roles."""

    theme_file: ThemeFile


def words_length(words: Iterable[Span]) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in words)


def fit(words: Words, width: int) -> Words:
    """The line made harmless and cut to `width` cells, with … where something was cut off."""
    fitted: Words = []
    left = width
    for position, (text, role) in enumerate(words):
        if not is_harmless(text):
            text = sanitise(text, multiline=False)
        size = cell_len(text)
        more = any(rest for rest, _ in words[position + 1 :])
        if size < left or (size == left and not more):
            fitted.append((text, role))
            left -= size
            continue
        fitted.append((set_cell_size(text, max(left - 1, 0)) + "…" if left > 0 else "", role))
        break
    return fitted


def wrap(text: str, width: int) -> list[str]:
    """Foreign text as harmless lines of at most `width` cells, broken at spaces where there are any."""
    lines: list[str] = []
    for paragraph in sanitise(text).expandtabs(4).split("\n"):
        lines.extend(_wrapped(paragraph, max(width, 1)))
    return lines


def _wrapped(paragraph: str, width: int) -> list[str]:
    # ASCII, which most lines are, has a cell a character; anything else is looked up.
    cells = len if paragraph.isascii() else cell_len
    if cells(paragraph) <= width:
        return [paragraph]
    lines: list[str] = []
    line, used = "", 0
    for word in _WORD.findall(paragraph):
        size = cells(word)
        if used and used + size > width:
            lines.append(line)
            word = word.lstrip(" ")
            line, used, size = "", 0, cells(word)
        *full, word = chop_cells(word, width) if size > width else [word]
        lines.extend(full)
        line += word
        used += cells(word)
    return [*lines, line]


_WORD = re.compile(r" *[^ ]+")


class LinesView(Unscrolled):
    """Shows lines from `top` on; `set_lines` refreshes only the cells between the first and last change.

    The last column is a scroll bar where there is more than fits. It has no keys of its own.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "LinesView { height: 1fr; width: 1fr; }"
    HAS_BAR = True

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.lines: Sequence[Words] = ()
        self.top = 0
        self.follow = False
        self._shown: list[Words] = []
        self._shown_size = Size(-1, -1)
        self._strips: dict[int, Strip] = {}
        self._styles: dict[Role, Style] = {}

    def set_lines(self, lines: Sequence[Words]) -> None:
        """Show these lines from now on; where `follow` is set, their end."""
        self.lines = lines
        self.scroll_lines(0, to_end=self.follow)

    def scroll_lines(self, by: int, *, to_end: bool = False) -> None:
        """Move by lines, within what there is, or to the end."""
        last = max(len(self.lines) - self.size.height, 0)
        self.top = last if to_end else min(max(self.top + by, 0), last)
        self.repaint()

    @property
    def at_end(self) -> bool:
        """Whether the last line is in view."""
        return self.top >= len(self.lines) - self.size.height

    def repaint(self) -> None:
        """Have what differs from before painted again."""
        if self.size != self._shown_size or not self.is_attached:
            self._shown_size = Size(-1, -1)
            self.refresh()
            return
        before, self._shown = self._shown, self._window()
        regions = []
        for y, (old, new) in enumerate(zip(before, self._shown, strict=True)):
            if old != new:
                self._strips.pop(y, None)
                regions.append(_changed(y, old, new, self.size.width))
        if regions:
            self.refresh(*regions)

    def notify_style_update(self) -> None:
        """Colours may have changed: every line is made anew when it is next asked for."""
        super().notify_style_update()
        self._styles = {}
        self._shown_size = Size(-1, -1)

    def render_line(self, y: int) -> Strip:
        """The line `y` of the view."""
        if self._shown_size != self.size:
            if self.follow:
                self.top = max(len(self.lines) - self.size.height, 0)
            self.top = min(self.top, max(len(self.lines) - self.size.height, 0))
            self._shown_size = self.size
            self._shown = self._window()
            self._strips.clear()
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._strip(self._shown[y]) if y < len(self._shown) else Strip.blank(0)
        return strip

    def on_resize(self) -> None:
        """What fits has changed."""
        self.scroll_lines(0, to_end=self.follow)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_lines(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.scroll_lines(-3)

    def _window(self) -> list[Words]:
        """The lines in view, fitted, with the bar where one is needed; one for each row."""
        width, height = self.size
        lines = self.lines[self.top : self.top + height]
        if not self.HAS_BAR:
            return [fit(words, width) for words in lines] + [[] for _ in range(height - len(lines))]
        bar = _bar(self.top, height, len(self.lines))
        window = []
        for y in range(height):
            words = fit(lines[y], width - 1) if y < len(lines) else []
            if bar is not None:
                gap = width - 1 - words_length(words)
                words = [*words, (" " * gap, ""), bar[y]]
            window.append(words)
        return window

    def _strip(self, words: Words) -> Strip:
        if not self._styles:
            self._styles = self._role_styles()
        return Strip([Segment(text, self._styles[role]) for text, role in words])

    def _role_styles(self) -> dict[Role, Style]:
        """The roles' styles on the background of this widget."""
        app = self.app
        base = self.rich_style
        return {
            role: base + style for role, style in (app.theme_file if isinstance(app, Themed) else _USUAL).styles.items()
        }


_USUAL = ThemeFile()


def _bar(top: int, height: int, total: int) -> list[Span] | None:
    """A scroll bar of one span a row; `None` where everything fits."""
    if total <= height or height < 2:
        return None
    size = max(height * height // total, 1)
    start = round(top / (total - height) * (height - size))
    return [("┃", "muted") if start <= y < start + size else (" ", "") for y in range(height)]


def _changed(y: int, old: Words, new: Words, width: int) -> Region:
    """The cells of row `y` from the first to the last difference."""
    start, end = _common(old, new), width
    length = words_length(new)
    if words_length(old) == length:
        end = max(length - _common(reversed(old), reversed(new)), start + 1)
    return Region(start, y, max(end - start, 1), 1)


def _common(old: Iterable[Span], new: Iterable[Span]) -> int:
    """Cells of the spans that both lines begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    return sum(cell_len(pair[0][0]) for pair in same)

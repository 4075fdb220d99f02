"""What the terminal shows, as far as it is known, and a pen that writes what differs in as few bytes as can be.

A cell of a chart is 3 bytes. Rich would write 40 more, for both its colours and the reset behind them, and
getting there takes 9. Here a colour is named when it changes, and cells that are there already are passed over.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rich.color import ColorSystem
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

_ONE_CELL_EACH: Final = re.compile(
    r"[ -~\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u22ff\u2500-\u25fc\u2800-\u28ff]*"
)
"""Text in which a character is a cell, beyond doubt: nothing combines, nothing is wide or becomes so. 25FD is wide."""
_PLAIN: Final = Style.null()
_ONLY_ON_LETTERS: Final = 0b111
"""Bold, dim and italic: the attributes of Rich's that a space does not show."""
_BRIDGE: Final = 2
"""Cells between two changes that are written rather than passed over: going there takes 4 to 6 bytes."""

_Row = tuple[list[str], list[Style]]


class Pen:
    """Puts text together with no more movements and colours than needed. It begins and ends with the plain style."""

    def __init__(self, width: int, color_system: ColorSystem) -> None:
        self._width = width
        self._color_system = color_system
        self._parts: list[str] = []
        self._style = _PLAIN
        self._at: tuple[int, int] | None = None
        """Row and column of the cursor, where they are known."""

    def write(self, y: int, x: int, text: str, style: Style) -> None:
        """Write text, a cell a character, from column `x` of row `y` on."""
        self._go(y, x)
        if style is not self._style and not (text.isspace() and _same_ground(style, self._style)):
            self._parts.append(_change(self._style, style, self._color_system))
            self._style = style
        self._parts.append(text)
        self._ends_at(y, x + len(text))

    def write_rendered(self, y: int, x: int, text: str) -> None:
        """Write text that brings its own style and leaves the plain one, and may be wider or narrower than we think."""
        self._go(y, x)
        self._lift()
        self._parts.append(text)
        self._at = None

    def finish(self) -> str:
        """All of it."""
        self._lift()
        return "".join(self._parts)

    def _go(self, y: int, x: int) -> None:
        if self._at == (y, x):
            return
        is_same_row = self._at is not None and self._at[0] == y
        self._parts.append(f"\x1b[{x + 1}G" if is_same_row else f"\x1b[{y + 1};{x + 1}H")

    def _ends_at(self, y: int, x: int) -> None:
        # Behind the last column the cursor is where each terminal thinks best.
        self._at = (y, x) if x < self._width else None

    def _lift(self) -> None:
        if self._style is not _PLAIN:
            self._parts.append("\x1b[0m")
            self._style = _PLAIN


class ScreenImage:
    """The cells that are on the terminal, row by row; what is not known is written when it is next drawn."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._size = Size(0, 0)

    def forget(self) -> None:
        """Someone else has written: nothing is known."""
        self._rows.clear()

    def pen(self, size: Size, color_system: ColorSystem) -> Pen:
        """A pen for one update of a screen of this size; of another size nothing is known."""
        if size != self._size:
            self._size = size
            self.forget()
        return Pen(size.width, color_system)

    def draw(self, pen: Pen, y: int, x: int, text: str, style: Style | None) -> None:
        """Have the pen write what of this text is not there yet; a character must be a cell, see `is_simple`."""
        chars, styles = self._row(y)
        end = x + len(text)
        now = style or _PLAIN
        before, styles_before = chars[x:end], styles[x:end]
        if not any(before):
            pen.write(y, x, text, now)
        elif before != [*text] or styles_before.count(now) != len(text):
            for begin, stop in _changes(text, now, before, styles_before):
                pen.write(y, x + begin, text[begin:stop], now)
        chars[x:end] = text
        styles[x:end] = [now] * len(text)

    def draw_rendered(self, pen: Pen, y: int, x: int, rendered: str, cells: int) -> None:
        """Have the pen write what may be wide, combine or be a link: it is sent each time."""
        pen.write_rendered(y, x, rendered)
        chars, _ = self._row(y)
        chars[x : x + cells] = [""] * cells

    def _row(self, y: int) -> _Row:
        row = self._rows.get(y)
        if row is None:
            row = self._rows[y] = [""] * self._size.width, [_PLAIN] * self._size.width
        return row


def is_simple(text: str, style: Style | None) -> bool:
    """Whether each character is one cell that its style alone decides upon."""
    return (style is None or style.link is None) and _ONE_CELL_EACH.fullmatch(text) is not None


def _changes(text: str, style: Style, chars: list[str], styles: list[Style]) -> list[tuple[int, int]]:
    """The stretches of a text that differ from what is there, those close to each other as one."""
    found: list[tuple[int, int]] = []
    for at, (new, old, old_style) in enumerate(zip(text, chars, styles, strict=True)):
        if new == old and (style is old_style or style == old_style or (new == " " and _same_ground(style, old_style))):
            continue
        if found and at - found[-1][1] <= _BRIDGE:
            found[-1] = found[-1][0], at + 1
        else:
            found.append((at, at + 1))
    return found


@lru_cache(4096)
def _same_ground(one: Style, other: Style) -> bool:
    """Whether a space looks the same in both."""
    return one.bgcolor == other.bgcolor and not (_attributes(one) | _attributes(other)) & ~_ONLY_ON_LETTERS


@lru_cache(4096)
def _change(old: Style, new: Style, color_system: ColorSystem) -> str:
    """The sequence that leads from one style to another; empty where they look the same."""
    if _attributes(old) != _attributes(new):
        whole = Strip.render_ansi(new, color_system)
        return f"\x1b[0;{whole}m" if whole else "\x1b[0m"
    codes: list[str] = []
    if old.color != new.color:
        codes += new.color.downgrade(color_system).get_ansi_codes() if new.color else ["39"]
    if old.bgcolor != new.bgcolor:
        codes += new.bgcolor.downgrade(color_system).get_ansi_codes(foreground=False) if new.bgcolor else ["49"]
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def _attributes(style: Style) -> int:
    """Bold, underlined and so on, as bits."""
    return style._attributes & style._set_attributes

"""Colours for lines that are printed; none in a pipe, and no meaning by colour alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from msopt_tui.state.text import clean
from msopt_tui.state.wrapping import usual_cells, wrapped

Tone = Literal["", "title", "strong", "muted", "learned", "warn"]
_CODES: dict[Tone, str] = {"": "", "title": "1;34", "strong": "1", "muted": "2", "learned": "1;32", "warn": "33"}


@dataclass(frozen=True, slots=True)
class Painter:
    """How text looks on this terminal."""

    in_colour: bool
    width: int
    """Cells of a line."""

    def paint(self, text: str, tone: Tone) -> str:
        """One piece of one line, made harmless."""
        code = _CODES[tone] if self.in_colour else ""
        return f"\033[{code}m{clean(text)}\033[0m" if code and text else clean(text)

    def title(self, text: str, note: str = "") -> str:
        """The line above a section."""
        return self.paint(text, "title") + (self.paint(f"  {note}", "muted") if note else "")

    def paragraph(self, spans: Iterable[tuple[str, Tone]], indent: str = "", first: str = "") -> list[str]:
        """Text of several kinds wrapped to the width, each line behind `indent`, the first one behind `first`."""
        # Line by line, so that no break is lost; what is harmless then is what is measured.
        harmless: list[tuple[str, Tone]] = [
            ("\n".join(map(clean, text.replace("\r\n", "\n").split("\n"))), tone) for text, tone in spans
        ]
        lines = wrapped(harmless, self.width - len(indent), "muted", usual_cells)
        return [
            (first if first and at == 0 else indent) + "".join(self.paint(text, tone) for text, tone in line)
            for at, line in enumerate(lines)
        ]

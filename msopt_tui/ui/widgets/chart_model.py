"""What a chart is given to show, and the rows of styled cells it becomes. Pure data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len

from msopt_tui.state.series import Series
from msopt_tui.ui.widgets.chart_units import STEPS, XUnit
from msopt_tui.ui.widgets.chart_window import Range

MARK_GLYPHS = {"eval": "◆", "checkpoint": "▲", "adjust": "✎", "round": "⚑", "rollback": "↺"}
"""The kinds of marks, least important first: in one cell the more important one is seen."""

GUIDED_KINDS = frozenset({"adjust", "round", "rollback"})
"""Marks after which the run is another one: a faint line through the chart goes up from them."""

CURVE_STYLES = tuple(f"curve-{number}" for number in range(1, 9))
_BASE = ("plain", "title", "axis", "grid", "empty", "note", "not-finite", "clipped")
_MARKS = tuple(f"mark-{kind}" for kind in MARK_GLYPHS)

STYLE_KEYS = (*_BASE, *_MARKS, *CURVE_STYLES)
"""Component classes without their `chart--`; a cell's style is an index into this table."""

FAINT = 0x40
"""Added to a style index: blended halfway into the background."""

CURSOR = 0x80
"""Added to a style index: on the background of the cursor's column."""

_INDEX = {key: index for index, key in enumerate(STYLE_KEYS)}


def style_index(key: str) -> int:
    """The index of a style; raises KeyError for one that is not in STYLE_KEYS."""
    return _INDEX[key]


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart. The same Curve may be shown again and again while its series grows."""

    label: str
    """Its name in the legend."""
    series: Series
    style: str = "curve-1"
    """One of CURVE_STYLES."""
    priority: int = 0
    """Where curves meet in a cell, the one with the highest priority is seen."""
    faint: bool = False
    """Drawn halfway into the background, as raw values behind their smoothed line."""
    glyph: str = "━"
    """Stands before the label, and at each point if `points`: meaning is not by colour alone."""
    points: bool = False
    """Also put the glyph at each point, as long as the points stand apart."""
    max_gap: int = 0
    """Stretches of this many steps and more without a point are left open; 0 joins any two points."""
    run: str = ""
    """The letter of another run that it is of: it stands on the curve, and the view does not follow the curve's end."""

    @property
    def style_index(self) -> int:
        """The style of its cells."""
        return style_index(self.style) | (FAINT if self.faint else 0)


def own(curves: Sequence[Curve]) -> list[Curve]:
    """The curves of the run that the chart is about: all of them where it is about several."""
    return [curve for curve in curves if not curve.run] or list(curves)


class Mark(NamedTuple):
    """Something that happened at a step, shown on the x axis."""

    step: int
    glyph: str
    """One cell wide."""
    kind: str
    """One of MARK_GLYPHS."""

    @classmethod
    def of(cls, kind: str, step: int) -> "Mark":
        """A mark with the usual glyph of its kind."""
        return cls(step, MARK_GLYPHS[kind], kind)


class MarkedSteps(NamedTuple):
    """All steps at which a kind of thing happened."""

    glyph: str
    """One cell wide."""
    kind: str
    """One of MARK_GLYPHS."""
    steps: Sequence[int]
    """In their order; may grow between two frames."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything a frame depends on; equal pictures over unchanged series look the same."""

    title: str
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...]
    window: Range
    log_y: bool = False
    robust_y: bool = False
    cursor: int | None = None
    """Step of the cursor."""
    empty_text: str = "no steps yet"
    unit: XUnit = STEPS
    """What the places count."""


class Row(NamedTuple):
    """A row of cells: one character and one style (index, FAINT, CURSOR) for each."""

    text: str
    styles: bytes


class RowBuilder:
    """Cells that are still being written; whatever falls outside is dropped."""

    __slots__ = ("chars", "styles")

    def __init__(self, text: str, styles: bytes) -> None:
        self.chars = list(text)
        self.styles = bytearray(styles)

    @classmethod
    def blank(cls, width: int, style: str = "plain") -> "RowBuilder":
        """`width` spaces."""
        return cls(" " * width, bytes([style_index(style)]) * width)

    def put(self, column: int, text: str, style: int, only_blank: bool = False) -> None:
        """Write `text`, each character a cell, from `column` on; maybe only over spaces."""
        for at, char in enumerate(text, column):
            if 0 <= at < len(self.chars) and not (only_blank and self.chars[at] != " "):
                self.chars[at] = char
                self.styles[at] = style

    def row(self) -> Row:
        """What was written."""
        return Row("".join(self.chars), bytes(self.styles))


def plain(text: str) -> str:
    """The text with every character that is not exactly one cell wide and printable made a dot."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() and cell_len(char) == 1 else "·" for char in text)


_STYLE_RUN = re.compile(rb"(?s)(.)\1*")


def style_runs(row: Row) -> list[tuple[str, int]]:
    """The row cut into stretches of one style; spaces go with the stretch before them.

    A space shows no colour, so it needs no change of style unless the cursor lights it up.
    """
    text, styles = row
    merged: list[tuple[str, int]] = []
    for match in _STYLE_RUN.finditer(styles):
        part, style = text[match.start() : match.end()], styles[match.start()]
        if merged:
            before, before_style = merged[-1]
            same_ground = (before_style ^ style) & CURSOR == 0
            if same_ground and part.isspace():
                merged[-1] = (before + part, before_style)
                continue
        merged.append((part, style))
    return merged


def changed_cells(old: Row, new: Row) -> tuple[int, int]:
    """The first cell in which two rows of equal width differ, and one more than the last; (0, 0) if equal."""
    cells = zip(old.text, new.text, old.styles, new.styles, strict=True)
    differing = [cell for cell, (a, b, c, d) in enumerate(cells) if a != b or c != d]
    return (differing[0], differing[-1] + 1) if differing else (0, 0)

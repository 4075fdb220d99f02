"""Styled text in lines of a width, columns side by side, bars of eighths of a cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells

from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Span, Words, fit, words_length

BREAK: Span = ("↵", "muted")
"""Where the text itself has a line break, so that it is not taken for one of the screen's."""
_PIECE = re.compile(r"\n| *[^ \n]+| +")
_EIGHTHS = " ▏▎▍▌▋▊▉"


def flow(spans: Iterable[Span], width: int) -> list[Words]:
    """Lines of at most `width` cells (at least 2), broken at spaces where there are any, and at line breaks."""
    width = max(width, 2)
    lines: list[Words] = []
    line: Words = []
    used = 0
    for text, role in spans:
        for piece in _PIECE.findall(sanitise(text).expandtabs(4)):
            if piece == "\n":
                # The mark may hang on the last cell: a line break after a full line needs no line of its own.
                lines.append([*line, BREAK] if used < width else line)
                line, used = [], 0
                continue
            if used and used + cell_len(piece) > width:
                lines.append(line)
                line, used, piece = [], 0, piece.lstrip(" ")
            *full, piece = chop_cells(piece, width) if cell_len(piece) > width else [piece]
            lines.extend([[(part, role)] for part in full])
            _append(line, piece, role)
            used += cell_len(piece)
    return [*lines, line] if line or not lines else lines


def _append(line: Words, text: str, role: Role) -> None:
    """Add text to a line: to its last span where that is of the same kind."""
    if line and line[-1][1] == role:
        line[-1] = (line[-1][0] + text, role)
    elif text:
        line.append((text, role))


def bar(share: float, width: int) -> str:
    """A bar of `share` (0 to 1) of `width` cells, to an eighth of a cell; never nothing for a share above 0."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def beside(left: Sequence[Words], right: Sequence[Words], width: int) -> list[Words]:
    """Two columns, the left one `width` cells wide."""
    lines: list[Words] = []
    for at in range(max(len(left), len(right))):
        one = fit(left[at], width - 2) if at < len(left) else []
        lines.append([*one, (" " * (width - words_length(one)), ""), *(right[at] if at < len(right) else [])])
    return lines

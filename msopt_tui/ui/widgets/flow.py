"""Styled text in lines of a width, columns side by side, bars of eighths of a cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from msopt_tui.state.wrapping import wrapped
from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.widgets.lines import Span, Words, fit, words_length

_EIGHTHS = " ▏▎▍▌▋▊▉"


def flow(spans: Iterable[Span], width: int) -> list[Words]:
    """Foreign text made harmless, in lines of at most `width` cells (at least 2); see `wrapped`."""
    harmless: list[Span] = [(sanitise(text).expandtabs(4), role) for text, role in spans]
    return wrapped(harmless, width, "muted", cell_len)


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

"""Curves over steps as plotext prints them: what `msopt-tui show` and `msopt-tui compare` share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from msopt_tui.state.text import without_colours

MAX_WIDTH = 120
PLOT_HEIGHT = 18
_TICKS = 7
"""On the axis of steps, at most."""


class Plotted(NamedTuple):
    """One curve."""

    steps: Sequence[float]
    values: Sequence[float]
    marker: str
    """A character, or plotext's name of a kind of dots."""


def plot_width() -> int:
    """Cells that a plot is wide."""
    return min(shutil.get_terminal_size((100, 30)).columns, MAX_WIDTH)


def print_curves(title: str, curves: Sequence[Plotted]) -> None:
    """Draw curves over each other, in colour on a terminal only; those without a point are left out."""
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.plot_size(plot_width(), PLOT_HEIGHT)
    in_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    if not in_colour:
        figure.theme("colorless")
    figure.title(title)
    shown = [curve for curve in curves if curve.steps]
    for curve in shown:
        figure.draw(figure.signal(curve.steps, curve.values, marker=curve.marker))
    if shown:
        first, last = (edge(edge(curve.steps) for curve in shown) for edge in (min, max))
        figure.ruler("x").ticks(whole_ticks(first, last))
    drawn = str(figure.build())
    print(drawn if in_colour else without_colours(drawn))


def whole_ticks(first: float, last: float) -> list[int]:
    """Round whole numbers from `first` to `last`, evenly spaced, few enough to be read."""
    span = max(last - first, 1.0)
    size = next(
        unit * 10**power for power in range(20) for unit in (1, 2, 5) if span / (unit * 10**power) <= _TICKS - 1
    )
    return list(range(ceil(first / size) * size, int(last) + 1, size))

"""The histogram of lengths, drawn by plotext."""

from __future__ import annotations

from msopt_tui.checkup.paint import Painter
from msopt_tui.protocol.values import Histogram
from msopt_tui.state.text import without_colours

HEIGHT = 12


def length_lines(lengths: Histogram, painter: Painter) -> list[str]:
    """A bar for each stretch of lengths; a sentence where all examples are of one length."""
    total = sum(lengths.counts)
    if not total:
        return ["  no examples"]
    if len(lengths.counts) == 1 and lengths.edges[1] - lengths.edges[0] == 1:
        return [f"  each of the {total:,} has {lengths.edges[0]:,} tokens"]
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.plot_size(min(painter.width, 100), HEIGHT)
    if not painter.in_colour:
        figure.theme("colorless")
    half = (lengths.edges[1] - lengths.edges[0]) / 2
    centres = [edge + half for edge in lengths.edges[:-1]]
    figure.draw(figure.bar(centres, lengths.counts, width=0.8, marker="hd"))
    figure.ruler("x").ticks(lengths.edges, [f"{edge:,}" for edge in lengths.edges])
    top = max(lengths.counts)
    marks = sorted({0, top // 2, top})
    figure.ruler("y").ticks(marks, [f"{mark:,}" for mark in marks])
    drawn = str(figure.build())
    return (drawn if painter.in_colour else without_colours(drawn)).rstrip().split("\n")

"""A canvas of braille dots, two across and four down in each terminal cell.

Pure: no Textual, no colour. A cell belongs to one *layer*, a small number that is at once its
draw priority and what the caller later turns into a style.
"""

import codecs
from collections.abc import Iterator, Sequence
from itertools import pairwise

DOTS_ACROSS = 2
DOTS_DOWN = 4

_BLANK = 0x2800
_LEFT_DOTS = (0x01, 0x02, 0x04, 0x40)
_RIGHT_DOTS = (0x08, 0x10, 0x20, 0x80)
_FULL = (0x47, 0xB8)

# An empty cell is a space: one byte to the terminal instead of three.
_GLYPHS = " " + "".join(chr(_BLANK + mask) for mask in range(1, 256))


def _span_masks(dots: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """masks[a][b]: the dots of rows a to b of one column of a cell (0 where b < a)."""
    return tuple(tuple(sum(dots[top : bottom + 1]) for bottom in range(DOTS_DOWN)) for top in range(DOTS_DOWN))


_SPANS = (_span_masks(_LEFT_DOTS), _span_masks(_RIGHT_DOTS))


class BrailleCanvas:
    """`width` × `height` cells, so 2·width × 4·height dots; dot (0, 0) is top left.

    Whatever lies outside is clipped. Where two layers meet in a cell, the higher one takes it whole
    (a thin line stays thin on top of a noisy band), in whatever order they are drawn. Layers are
    1 to 255; 0 is an empty cell.
    """

    __slots__ = ("_layers", "_masks", "height", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width = max(width, 0)
        self.height = max(height, 0)
        self._masks = bytearray(self.width * self.height)
        self._layers = bytearray(self.width * self.height)

    def clear(self, from_column: int = 0) -> None:
        """Take away every dot in the cells from column `from_column` on."""
        begin = min(max(from_column, 0), self.width)
        blank = bytes(self.width - begin)
        for row_end in range(self.width, len(self._masks) + 1, self.width or 1):
            self._masks[row_end - len(blank) : row_end] = blank
            self._layers[row_end - len(blank) : row_end] = blank

    def dot(self, x: int, y: int, layer: int) -> None:
        """Set one dot."""
        self.span(x, y, y, layer)

    def span(self, x: int, top: int, bottom: int, layer: int) -> None:
        """Set the dots of column `x` from `top` down to `bottom`, both included."""
        top = max(top, 0)
        bottom = min(bottom, DOTS_DOWN * self.height - 1)
        if top > bottom or not 0 <= x < DOTS_ACROSS * self.width:
            return
        side = x & 1
        spans, full = _SPANS[side], _FULL[side]
        masks, layers, width = self._masks, self._layers, self.width
        cell = (top >> 2) * width + (x >> 1)
        last = (bottom >> 2) * width + (x >> 1)
        mask = spans[top & 3][bottom & 3 if cell == last else 3]
        while True:
            if layers[cell] == layer:
                masks[cell] |= mask
            elif layers[cell] < layer:
                layers[cell] = layer
                masks[cell] = mask
            if cell == last:
                return
            cell += width
            mask = spans[0][bottom & 3] if cell == last else full

    def spans(self, tops: Sequence[int | None], bottoms: Sequence[int], layer: int, begin: int = 0) -> None:
        """Set one span in each dot column from `begin` on; None as its top leaves a column out."""
        span = self.span
        for x in range(begin, len(tops)):
            top = tops[x]
            if top is not None:
                span(x, top, bottoms[x], layer)

    def line(self, x0: int, y0: int, x1: int, y1: int, layer: int) -> None:
        """Set the dots of the straight line between two dots, ends included."""
        if x0 > x1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        if x0 == x1:
            self.span(x0, min(y0, y1), max(y0, y1), layer)
            return
        for x, top, bottom in line_spans(x0, y0, x1, y1):
            self.span(x, top, bottom, layer)

    def polyline(self, points: Sequence[tuple[int, int]], layer: int) -> None:
        """Join the dots one after the other; a single one stays a dot."""
        if len(points) == 1:
            self.dot(*points[0], layer)
        for (x0, y0), (x1, y1) in pairwise(points):
            self.line(x0, y0, x1, y1, layer)

    def row(self, index: int) -> tuple[str, bytes]:
        """One row: a character and a layer for each of its `width` cells."""
        begin, end = index * self.width, (index + 1) * self.width
        text, _ = codecs.charmap_decode(bytes(self._masks[begin:end]), "strict", _GLYPHS)
        return text, bytes(self._layers[begin:end])

    def rows(self) -> list[tuple[str, bytes]]:
        """All rows from the top."""
        return [self.row(index) for index in range(self.height)]


def line_spans(x0: int, y0: int, x1: int, y1: int) -> Iterator[tuple[int, int, int]]:
    """The line from (x0, y0) to (x1, y1), x0 < x1, as one (x, top, bottom) a column, without holes."""
    length, rise = x1 - x0, y1 - y0
    here = start = y0
    for x in range(x0, x1):
        following = y0 + (2 * rise * (x + 1 - x0) + length) // (2 * length)
        end, next_start = meet(here, following)
        yield x, min(start, end), max(start, end)
        here, start = following, next_start
    yield x1, min(start, y1), max(start, y1)


def meet(here: int, there: int) -> tuple[int, int]:
    """Share the step between two neighbouring columns: where the left one ends, the right one starts.

    Each takes half the height, so that the line turns where a hand would turn it.
    """
    if here < there:
        middle = (here + there) // 2
        return middle, middle + 1
    if here > there:
        middle = (here + there + 1) // 2
        return middle, middle - 1
    return here, here

"""A history of values in one line of text, for resources and other things without an axis."""

import math
from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float | None], width: int, low: float, high: float) -> str:
    """The latest `width` values as blocks of eight heights, newest at the right, `width` cells.

    `low` and what is below it gets the lowest block, `high` and above the full one. None and NaN
    are spaces, as are the cells left of a history that is still short.
    """
    if width <= 0:
        return ""
    return "".join(_block(value, low, high) for value in values[-width:]).rjust(width)


def _block(value: float | None, low: float, high: float) -> str:
    if value is None or math.isnan(value):
        return " "
    if value <= low:
        return _BLOCKS[0]
    if value >= high:
        return _BLOCKS[-1]
    return _BLOCKS[int((value - low) / (high - low) * len(_BLOCKS))]

"""Where every pane goes at a given size: a pure function, so that 80×24 and 300×90 are tests and not surprises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msopt_tui.ui.keys import PaneName

MIN_WIDTH, MIN_HEIGHT = 80, 24
"""Below this only the status line is left, and the loss where it has room."""


class Box(NamedTuple):
    """A rectangle in cells."""

    x: int
    y: int
    width: int
    height: int


class Slot(NamedTuple):
    """A row of panes in a column: it folds away where its least height is not to be had."""

    panes: tuple[PaneName, ...]
    least: int
    weight: float
    rank: int
    """The greatest goes first when there is no room."""
    most: int = 1_000


_LEFT = (
    Slot(("loss",), 9, 5.0, 0),
    Slot(("rate",), 8, 2.2, 3),
    Slot(("journal",), 6, 2.4, 1),
)
_RIGHT = (
    Slot(("resources",), 7, 0.6, 1, 7),
    Slot(("evaluation",), 7, 1.6, 0, 24),
    Slot(("samples",), 8, 2.2, 2),
    Slot(("settings",), 8, 1.8, 3),
    Slot(("findings",), 9, 1.6, 4),
    Slot(("about",), 12, 1.2, 5, 24),
)
_NARROW = (
    Slot(("loss",), 9, 4.0, 0),
    Slot(("rate",), 8, 2.0, 3),
    Slot(("evaluation", "journal"), 8, 2.4, 1),
    Slot(("resources", "samples"), 8, 1.8, 2),
    Slot(("settings", "findings"), 8, 1.6, 4),
)
_MIDDLE = _RIGHT[:3]
_FAR = (
    Slot(("about",), 12, 1.4, 2, 24),
    Slot(("settings",), 8, 2.4, 0),
    Slot(("findings",), 8, 1.8, 1),
)


def arrange(
    width: int,
    height: int,
    *,
    maximised: PaneName | None = None,
    resource_rows: int = 5,
    evaluation_rows: int = 5,
) -> dict[PaneName, Box]:
    """The boxes of the panes that are shown in the space between the status line and the keys.

    `resource_rows` and `evaluation_rows` are the lines that those panes would like to show; an evaluation never takes
    more than half of the height for it.
    """
    whole = Box(0, 0, width, height)
    if width < 1 or height < 1:
        return {}
    if maximised is not None:
        return {maximised: whole}
    if width < MIN_WIDTH or height < MIN_HEIGHT - 2:
        return {"loss": whole} if width >= 40 and height >= 8 else {}
    if width < 110:
        return _stack(_NARROW, whole)
    needed = resource_rows + 2
    resources = _RIGHT[0]._replace(least=needed, most=needed)
    evaluation = _RIGHT[1]._replace(least=max(min(evaluation_rows + 2, height // 2), _RIGHT[1].least))
    if width < 210:
        side = min(max(width * 34 // 100, 42), 62)
        right = (resources, evaluation, *_RIGHT[2:])
        return _stack(_LEFT, Box(0, 0, width - side, height)) | _stack(right, Box(width - side, 0, side, height))
    side = min(width * 25 // 100, 76)
    left = width - 2 * side
    return (
        _stack(_LEFT, Box(0, 0, left, height))
        | _stack((resources, evaluation, *_MIDDLE[2:]), Box(left, 0, side, height))
        | _stack(_FAR, Box(left + side, 0, side, height))
    )


def _stack(slots: Sequence[Slot], column: Box) -> dict[PaneName, Box]:
    """Fill a column from the top; what ranks last folds away until the rest fits."""
    kept = list(slots)
    while len(kept) > 1 and sum(slot.least for slot in kept) > column.height:
        kept.remove(max(kept, key=lambda slot: slot.rank))
    boxes: dict[PaneName, Box] = {}
    y = column.y
    for slot, rows in zip(kept, _share(kept, column.height), strict=True):
        edges = [column.x + column.width * part // len(slot.panes) for part in range(len(slot.panes) + 1)]
        for name, left, right in zip(slot.panes, edges, edges[1:], strict=False):
            boxes[name] = Box(left, y, right - left, rows)
        y += rows
    return boxes


def _share(slots: Sequence[Slot], height: int) -> list[int]:
    """Rows for each slot: the least, and of what is left a share by weight up to the most."""
    rows = [min(slot.least, height) for slot in slots]
    left = height - sum(rows)
    while left > 0:
        # One row at a time to whoever is furthest behind its share: heights stay steady while a window grows.
        open_slots = [index for index, slot in enumerate(slots) if rows[index] < slot.most]
        if not open_slots:
            rows[-1] += left
            break
        index = min(open_slots, key=lambda index: (rows[index] + 1) / slots[index].weight)
        rows[index] += 1
        left -= 1
    return rows

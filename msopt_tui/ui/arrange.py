"""Where every pane goes at a given size: a pure function, so that 80×24 and 300×90 are tests and not surprises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msopt_tui.ui.key_action import PaneName
from msopt_tui.ui.layout import USUAL, PaneLayout

MIN_WIDTH, MIN_HEIGHT = 80, 24
"""Below this only the status line is left, and the loss where it has room."""
NARROW = 110
"""Below this width there is one column, from it on one at the side as well."""
WIDE = 210
"""From this width on there are two columns at the side."""
LEAST_SIDE, LEAST_MAIN = 38, 60
"""Cells of a column at the side, and of the one with the charts."""


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
    floor: int = 0
    """The least height of one that a person has sized; 0 where nobody has."""


_LEFT = (
    Slot(("loss",), 9, 5.0, 0),
    Slot(("rate",), 8, 2.2, 3),
    Slot(("journal",), 6, 2.4, 1),
)
_RIGHT = (
    Slot(("resources",), 7, 3.0, 1, 7),
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
    resource_more: int = 0,
    evaluation_rows: int = 5,
    layout: PaneLayout = USUAL,
) -> dict[PaneName, Box]:
    """The boxes of the panes that are shown in the space between the status line and the keys.

    `resource_rows` and `evaluation_rows` are the lines that those panes would like to show, `resource_more` those that
    are shown where there is room; an evaluation never takes more than half of the height for it. `layout` is what the
    person made of it.
    """
    whole = Box(0, 0, width, height)
    if width < 1 or height < 1:
        return {}
    if maximised is not None:
        return {maximised: whole}
    if width < MIN_WIDTH or height < MIN_HEIGHT - 2:
        return {layout.visible[0]: whole} if width >= 40 and height >= 8 else {}
    needed = resource_rows + 2
    resources = _RIGHT[0]._replace(least=needed, most=needed + resource_more)
    evaluation = _RIGHT[1]._replace(least=max(min(evaluation_rows + 2, height // 2), _RIGHT[1].least))
    if width < NARROW:
        columns: list[Sequence[Slot]] = [_NARROW]
    elif width < WIDE:
        columns = [_LEFT, (resources, evaluation, *_RIGHT[2:])]
    else:
        columns = [_LEFT, (resources, evaluation, *_MIDDLE[2:]), _FAR]
    wished = [slots for slots in (_wished(column, layout) for column in columns) if slots]
    if not wished:  # what is left has no place of its own at this width
        return {layout.visible[0]: whole}
    boxes: dict[PaneName, Box] = {}
    x = 0
    for slots, cells in zip(wished, _widths(width, len(wished), layout.side), strict=True):
        boxes |= _stack(slots, Box(x, 0, cells, height))
        x += cells
    return boxes


def side_width(width: int, share: float | None) -> int:
    """Cells of each column at the side in a board of this width, where it has any; `share` is the person's."""
    if width >= WIDE:
        usual, most = min(width * 25 // 100, 76), (width - LEAST_MAIN) // 2
    else:
        usual, most = min(max(width * 34 // 100, 42), 62), width - LEAST_MAIN
    return usual if share is None else min(max(round(share * width), LEAST_SIDE), most)


def _widths(width: int, columns: int, share: float | None) -> list[int]:
    side = side_width(width, share) if columns > 1 else 0
    return [width - (columns - 1) * side, *[side] * (columns - 1)]


def _wished(column: Sequence[Slot], layout: PaneLayout) -> list[Slot]:
    """The slots of a column without hidden panes, by the person's heights where those are given."""
    everything = sum(slot.weight for slot in column)
    slots = []
    for slot in column:
        panes = tuple(name for name in slot.panes if name in layout.visible)
        if not panes:
            continue
        share = max((layout.heights[name] for name in panes if name in layout.heights), default=None)
        if share is None:
            slots.append(slot._replace(panes=panes, weight=slot.weight / everything))
        else:
            slots.append(slot._replace(panes=panes, weight=share, floor=_floor(panes), most=1_000))
    return slots


def _floor(panes: Iterable[PaneName]) -> int:
    return max(_FLOORS[name] for name in panes)


_FLOORS = {
    name: min(slot.least for slot in (*_LEFT, *_RIGHT, *_FAR) if name in slot.panes)
    for slots in (_LEFT, _RIGHT)
    for slot in slots
    for name in slot.panes
}
"""The least height of each pane once a person has sized it: not even as many rows as it has lines."""


def move_border(
    boxes: Mapping[PaneName, Box], name: PaneName, rows: int, *, below_only: bool = False
) -> list[tuple[list[PaneName], int]] | None:
    """The rows of a pane's column with that pane so many rows taller (shorter where negative).

    They come from the nearest pane below that has some to give, else from one above; `below_only` asks the next one
    below alone, as for a border that is dragged. Fewer are moved where there are not so many; `None` where none are.
    """
    mine = boxes[name]
    narrow = _is_one_column(boxes)
    column: dict[int, tuple[list[PaneName], int]] = {}
    for pane, box in sorted(boxes.items(), key=lambda one: one[1]):
        if narrow or box.x == mine.x:
            column.setdefault(box.y, ([], box.height))[0].append(pane)
    slots = [column[y] for y in sorted(column)]
    at = next(index for index, (panes, _) in enumerate(slots) if name in panes)
    others = [*range(at + 1, len(slots)), *range(at - 1, -1, -1)]
    if below_only:
        others = others[:1] if at + 1 < len(slots) else []
    spare = [height - _floor(panes) for panes, height in slots]
    other = next((one for one in others if rows < 0 or spare[one] > 0), None)
    if other is None:
        return None
    moved = min(rows, spare[other]) if rows > 0 else -min(-rows, spare[at])
    change = {at: moved, other: -moved}
    return [(panes, height + change.get(index, 0)) for index, (panes, height) in enumerate(slots)] if moved else None


class Border(NamedTuple):
    """A border between panes that can be dragged."""

    above: PaneName | None
    """The pane above it; `None` for the left border of a column at the side."""
    grip: int
    """Cells from the first ones behind the border to the one that was taken hold of."""
    columns: int = 0
    """Columns between a border at the side and the right edge."""


def border_at(boxes: Mapping[PaneName, Box], x: int, y: int) -> Border | None:
    """The border at a cell: the frames of both panes that meet there belong to it."""
    for name, box in boxes.items():
        edge = box.y + box.height
        if y in (edge - 1, edge) and box.x < x < box.x + box.width - 1:
            has_below = any(other.y == edge and other.x <= x < other.x + other.width for other in boxes.values())
            return Border(name, y - edge) if has_below else None
    lefts = [] if not boxes or _is_one_column(boxes) else sorted({box.x for box in boxes.values()} - {0})
    at = next((index for index, left in enumerate(lefts) if x in (left - 1, left)), None)
    return None if at is None else Border(None, x - lefts[at], len(lefts) - at)


def _is_one_column(boxes: Mapping[PaneName, Box]) -> bool:
    return max(box.x + box.width for box in boxes.values()) < NARROW


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
    rows = [min(slot.floor or slot.least, height) for slot in slots]
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

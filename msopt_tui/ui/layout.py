"""The layout as a person made it: hidden panes, heights, width of the side columns. A value, and what changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec

from msopt_tui.ui.key_action import PANES, PaneName

Share = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]


class PaneLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What differs from the usual layout; nothing does at first."""

    hidden: tuple[PaneName, ...] = ()
    """Panes without a place; their number keys still open them."""
    heights: dict[PaneName, Share] = {}
    """Of the height of their column, for the panes of columns that were resized."""
    side: Share | None = None
    """Of the whole width, each column at the side."""

    @property
    def visible(self) -> tuple[PaneName, ...]:
        """The panes that want a place; all of them where none would be left."""
        return tuple(name for name in PANES if name not in self.hidden) or PANES

    def hide(self, name: PaneName) -> PaneLayout:
        """Without a pane; raises ValueError for the last one."""
        if self.visible == (name,):
            raise ValueError("the last pane stays")
        hidden = {*self.hidden, name}
        return msgspec.structs.replace(self, hidden=tuple(one for one in PANES if one in hidden))

    def unhide(self, name: PaneName) -> PaneLayout:
        """With a pane in its place again."""
        return msgspec.structs.replace(self, hidden=tuple(one for one in self.hidden if one != name))

    def with_side(self, cells: int, width: int) -> PaneLayout:
        """With side columns of so many cells in a board of this width."""
        return msgspec.structs.replace(self, side=min(max(cells / width, 0.01), 1.0))

    def with_rows(self, column: Iterable[tuple[Iterable[PaneName], int]], height: int) -> PaneLayout:
        """With these rows for the panes of a column, of `height` in all."""
        rows: Mapping[PaneName, float] = {name: rows / height for names, rows in column for name in names}
        return msgspec.structs.replace(self, heights={**self.heights, **rows})


USUAL = PaneLayout()

"""What branched from what: the tree of all runs on a screen."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.runs.lineage import tree, twig_line
from msopt_tui.runs.row import RunRow
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.screens.text_screen import TextScreen
from msopt_tui.ui.widgets.lines import Words


class LineageScreen(TextScreen):
    """Every run below the one it branched from."""

    def __init__(self, keys: Keys, rows: Sequence[RunRow], selected: str) -> None:
        """`selected` is the path of the run that stands out."""
        super().__init__(keys, f"lineage of {len(rows)} runs")
        self._rows, self._selected = rows, selected

    def on_mount(self) -> None:
        """The tree."""
        super().on_mount()
        lines: list[Words] = [
            [(twig_line(twig), "title" if twig.row.path == self._selected else "")] for twig in tree(self._rows)
        ]
        self.put(lines)

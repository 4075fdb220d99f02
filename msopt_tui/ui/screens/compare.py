"""Marked runs beside each other: their loss curves in one chart, the settings that differ, metrics side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from textual.app import ComposeResult

from msopt_tui.link.whole import read_state
from msopt_tui.state import compare
from msopt_tui.state.inspection import aligned
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.daemon import on_daemon
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.panes.charts import ThemedChart
from msopt_tui.ui.screens.text_screen import TextScreen
from msopt_tui.ui.widgets.chart_model import CURVE_STYLES, Curve
from msopt_tui.ui.widgets.lines import Words


class CompareScreen(TextScreen):
    """Reads the journals on a thread and shows what came of them."""

    def __init__(self, keys: Keys, paths: Sequence[Path]) -> None:
        super().__init__(keys, f"{len(paths)} runs compared")
        self._paths = list(paths)
        self._chart = ThemedChart("training loss (validation ◆)", id="compare-chart")

    def compose(self) -> ComposeResult:
        """Title, curves, tables, keys."""
        yield self._title
        yield self._chart
        yield self._text
        yield self._bar

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self.put([[("reading the journals…", "muted")]])
        self.run_worker(self._read(), exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        try:
            states = [await on_daemon(partial(read_state, path)) for path in self._paths]
        except (OSError, ValueError) as error:
            self.put([[(f"✗ {error}", "bad")]])
            return
        self._chart.show(curves(states), [], 1)
        self.put(self._lines(states))

    def _lines(self, states: Sequence[RunState]) -> list[Words]:
        lines: list[Words] = []
        for letter, path in zip(compare.LETTERS, self._paths, strict=False):
            lines.append([(f"{letter} ", "key"), (f"{path.parent.name}/{path.name}", "strong")])
        for title, rows in (
            ("settings that differ", compare.settings(states)),
            ("results, ★ the best", compare.results(states)),
        ):
            lines += [[], [(title, "title")]]
            lines += [[(line, "")] for line in _table(rows, len(states))] if rows else [[("none", "muted")]]
        return lines


def curves(states: Sequence[RunState]) -> list[Curve]:
    """Every run's training loss, and its validation loss as points of the same colour."""
    drawn: list[Curve] = []
    for letter, style, state in zip(compare.LETTERS, CURVE_STYLES, states, strict=False):
        drawn.append(Curve(letter, state.losses, style, 1, run=letter))
        drawn.append(Curve(f"{letter} validation", state.metric("loss"), style, 2, glyph="◆", points=True, run=letter))
    return drawn


def _table(rows: Sequence[compare.Compared], runs: int) -> list[str]:
    marked = ([f"{cell} ★" if row.best == at else cell for at, cell in enumerate(row.cells)] for row in rows)
    named = [[row.name, *cells] for row, cells in zip(rows, marked, strict=True)]
    return aligned([["", *compare.LETTERS[:runs]], *named])

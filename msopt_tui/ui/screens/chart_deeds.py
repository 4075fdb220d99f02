"""What a person does to all charts: another x axis, another figure."""

from __future__ import annotations

from collections.abc import Callable

from msopt_tui.ui.panes.charts import ChartPane, RatePane, chart_names, name_in_words
from msopt_tui.ui.screens.run_view import RunView
from msopt_tui.ui.widgets.chart_units import UNITS


def _x_axis(screen: RunView) -> None:
    """The next unit, in all charts; the cursor goes, because it stands at a step."""
    panes = screen.chart_panes
    unit = UNITS[(UNITS.index(panes[0].unit) + 1) % len(UNITS)]
    for pane in panes:
        pane.use_unit(unit)
    words = {"step": "steps", "tokens": "tokens", "time": "time of training", "epoch": "epochs"}
    screen.say(f"x axis: {words[unit.name]}")


def _metric(screen: RunView) -> None:
    """Ask what the second small chart shall show."""
    from msopt_tui.ui.screens.pick import PickDialog

    pane = next(pane for pane in screen.chart_panes if isinstance(pane, RatePane))

    names = chart_names(screen.feed.state)

    def chosen(words: str | None) -> None:
        if words is None:
            return
        pane.use_metric(names[words])
        if pane.PANE in screen.board.shown:
            screen.refresh_soon()
        else:
            screen.go_to(pane.PANE)

    dialog = PickDialog("chart", list(names), name_in_words(pane.metric), "part of a metric's name")
    screen.app.push_screen(dialog, chosen)


def _filter(screen: RunView) -> None:
    """The figures where charts have the focus, else the journal."""
    from msopt_tui.ui.panes.journal import KINDS
    from msopt_tui.ui.screens.filter_dialog import FilterDialog

    if isinstance(screen.board.focused_pane, ChartPane):
        _metric(screen)
        return
    if "journal" not in screen.board.shown:
        screen.go_to("journal")
    hint = f"-word leaves out · kinds: {' '.join(KINDS)}"
    screen.app.push_screen(
        FilterDialog("only journal lines with", hint, screen.journal.filter, screen.journal.use_filter)
    )


def _over(screen: RunView) -> None:
    """Ask which other runs shall be in the charts."""
    from msopt_tui.ui.screens.over_deeds import open_over

    screen.run_worker(open_over(screen), group="over", exclusive=True, exit_on_error=False)


CHART_DEEDS: dict[str, Callable[[RunView], None]] = {
    "x_axis": _x_axis,
    "metric": _metric,
    "filter": _filter,
    "over": _over,
}

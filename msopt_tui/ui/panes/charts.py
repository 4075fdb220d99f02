"""The two panes of charts: the loss, and the learning rate beside the gradient norm."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style
from textual.app import ComposeResult

from msopt_tui.state.series import Series
from msopt_tui.ui.key_action import PANES
from msopt_tui.ui.panes.base import Pane
from msopt_tui.ui.panes.chart_places import Places
from msopt_tui.ui.panes.smooth_curves import SmoothCurves
from msopt_tui.ui.theme import ThemeFile
from msopt_tui.ui.widgets.chart import Chart
from msopt_tui.ui.widgets.chart_model import Curve, MarkedSteps
from msopt_tui.ui.widgets.chart_units import STEPS, XUnit
from msopt_tui.ui.widgets.lines import Themed

if TYPE_CHECKING:
    from msopt_tui.state.marks import MarkKind, Marks
    from msopt_tui.state.run_state import RunState
    from msopt_tui.ui.over import Over, OverRun

    OfRun = Callable[[OverRun], list[Curve]]

WEIGHTS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998)
"""Weights of the past to choose from; 0 draws the raw values alone."""
USUAL_WEIGHT = 4
_MARKS: dict[MarkKind, tuple[str, str]] = {
    "evaluation": ("◆", "eval"),
    "best": ("★", "eval"),
    "checkpoint": ("▲", "checkpoint"),
    "adjusted": ("✎", "adjust"),
    "rollback": ("↺", "rollback"),
    "round": ("⚑", "round"),
    "paused": ("‖", "eval"),
}
"""Glyph and kind on the chart of each kind of mark."""


class ThemedChart(Chart, inherit_css=False):
    """A chart in the theme's colours. Styled by CSS instead, its 22 parts would double the time to the first frame."""

    DEFAULT_CSS = "ThemedChart { height: 1fr; width: 1fr; }"

    @classmethod
    @lru_cache(maxsize=1)
    def _get_component_classes(cls) -> frozenset[str]:
        # Textual's own name: `inherit_component_classes` can't be given for a widget (8.2). A test holds it.
        return frozenset()

    def get_component_rich_style(self, *names: str, partial: bool = False, default: Style | None = None) -> Style:
        """The theme's style of a part, on this widget's background."""
        (name,) = names
        app = self.app
        styles = app.theme_file.chart_styles if isinstance(app, Themed) else _USUAL.chart_styles
        return self.rich_style + styles[name.removeprefix("chart--")]


_USUAL = ThemeFile()


class ChartPane(Pane):
    """A pane that holds charts and passes keys on to all of them."""

    def __init__(self, *charts: ThemedChart) -> None:
        super().__init__()
        self.charts = charts
        self._version = 0
        self._unit = STEPS
        self._places = Places()
        self.over: Over | None = None
        """Other runs in these charts."""

    def compose(self) -> ComposeResult:
        """The charts side by side."""
        yield from self.charts

    def draw(self, state: RunState) -> None:
        """Hand the series to the charts."""
        self._version += 1
        steps = state.last_step or None
        for chart in self.charts:
            chart.total_steps = steps if self._unit == STEPS else None
        self.draw_charts(state, self._version)

    @property
    def unit(self) -> XUnit:
        """What the x axis counts."""
        return self._unit

    def use_unit(self, unit: XUnit) -> None:
        """Count the x axis in another unit, also in charts that have not been shown yet."""
        self._unit = unit
        for chart in self.charts:
            chart.set_unit(unit)
        self.redraw()

    def lay_out(
        self, chart: ThemedChart, curves: list[Curve], state: RunState, version: int, of_over: OfRun | None = None
    ) -> None:
        """Show curves in a chart, and the marks, by the unit in use; `of_over` gives the curves of another run."""
        marks = self._places.marks(_marks(state), state.clock, self._unit)
        drawn = self._places.curves(curves, state.clock, self._unit)
        if of_over is not None:
            for run in self.over or ():
                drawn += self._places.curves(of_over(run), run.state.clock, self._unit)
        chart.show(drawn, marks, version)

    @property
    def extent_of_over(self) -> object:
        """Of the other runs, for `looks_at`."""
        return self.over.extent if self.over else ()

    def draw_charts(self, state: RunState, version: int) -> None:
        """Show the curves; `version` differs from every one before."""
        raise NotImplementedError


class LossPane(ChartPane):
    """Training loss, raw behind smoothed, and the validation loss with its points."""

    PANE = "loss"
    TITLE = "loss"

    def __init__(self) -> None:
        super().__init__(ThemedChart("nats/token"))
        self._weight = USUAL_WEIGHT
        self._smooth = SmoothCurves()

    def looks_at(self, state: RunState) -> object:
        """Both losses and the marks, and the other runs."""
        own = _extent(state.losses), _extent(state.metric("loss")), _extent(state.marks), state.last_step
        return own, self.extent_of_over

    def draw_charts(self, state: RunState, version: int) -> None:
        """Three curves, two without smoothing; two more for every other run."""
        validation = Curve("validation", state.metric("loss"), "curve-2", 4, glyph="◆", points=True)
        self._smooth.keep([state.losses, *(run.state.losses for run in self.over or ())])
        curves = [*self._training(state.losses), validation]
        self.subtitle(self.over.words if self.over else "")
        for chart in self.charts:
            self.lay_out(chart, curves, state, version, self._of_over)

    def _training(self, losses: Series) -> list[Curve]:
        weight = WEIGHTS[self._weight]
        if not weight:
            return [Curve("train", losses, "curve-1", 3)]
        smoothed = Curve(f"train, smoothed {weight:g}", self._smooth.of(losses, weight), "curve-1", 3)
        return [Curve("raw", losses, "curve-1", 0, faint=True, glyph="·"), smoothed]

    def _of_over(self, run: OverRun) -> list[Curve]:
        """Its training loss, as smooth as ours, with its letter; its validations are the small letter."""
        losses, letter, weight = run.state.losses, run.letter, WEIGHTS[self._weight]
        smoothed = self._smooth.of(losses, weight) if weight else losses
        small = Curve("", run.state.metric("loss"), run.style, 1, glyph=letter.lower(), points=True, run=letter)
        return [Curve("", smoothed, run.style, 2, glyph=letter, run=letter), small]

    def smooth(self, by: int) -> None:
        """Smooth more or less by so many notches; 0 goes back to the usual."""
        self._weight = USUAL_WEIGHT if not by else min(max(self._weight + by, 0), len(WEIGHTS) - 1)
        self.redraw()


class RatePane(ChartPane):
    """The learning rate, and beside it the gradient norm on its own axis."""

    PANE = "rate"
    TITLE = "learning rate · gradient norm"

    def __init__(self) -> None:
        super().__init__(ThemedChart(""), ThemedChart(""))
        self._metric = GRADIENT_NORM

    @property
    def metric(self) -> str:
        """What the second chart shows."""
        return self._metric

    def use_metric(self, name: str) -> None:
        """Show another figure in the second chart."""
        self._metric = name
        self.border_title = f"{PANES.index(self.PANE) + 1} learning rate · {name_in_words(name)}"
        self.redraw()

    def looks_at(self, state: RunState) -> object:
        """Both series and the marks."""
        second = _extent(series_of(state, self._metric))
        return _extent(state.learning_rates), second, _extent(state.marks), state.last_step, self.extent_of_over

    def draw_charts(self, state: RunState, version: int) -> None:
        """A curve each."""
        rate, norm = self.charts
        self.lay_out(rate, [Curve("learning rate", state.learning_rates, "curve-3")], state, version)
        self.lay_out(norm, [_second(state, self._metric)], state, version, self._of_over)

    def _of_over(self, run: OverRun) -> list[Curve]:
        """The same figure of another run."""
        is_measured, letter = self._metric not in _OF_TRAINING, run.letter
        series = series_of(run.state, self._metric)
        return [Curve("", series, run.style, -1, glyph=letter, points=is_measured, run=letter)]


GRADIENT_NORM = "gradient norm"
_OF_TRAINING = (GRADIENT_NORM, "learning rate", "training loss")


def chart_names(state: RunState) -> dict[str, str]:
    """Everything of the run that can be charted, by what people call it: what training tells, and its metrics."""
    return {name_in_words(name): name for name in (*_OF_TRAINING, *state.metrics)}


def name_in_words(name: str) -> str:
    """What people call a figure beside others; each has words of its own."""
    if name in _OF_TRAINING:
        return name
    from msopt_tui.state.figures import label  # not before the first frame

    return "validation loss" if name == "loss" else label(name)


def series_of(state: RunState, name: str) -> Series:
    """The series of one of the figures in `chart_names`."""
    training = dict(zip(_OF_TRAINING, (state.grad_norms, state.learning_rates, state.losses), strict=True))
    return training[name] if name in training else state.metric(name)


def _second(state: RunState, name: str) -> Curve:
    if name in _OF_TRAINING:
        return Curve(name, series_of(state, name), "curve-5")
    return Curve(name_in_words(name), series_of(state, name), "curve-5", glyph="◆", points=True)


def _marks(state: RunState) -> list[MarkedSteps]:
    return [MarkedSteps(*_MARKS[kind], state.marks.of(kind)) for kind in state.marks]


def _extent(points: Series | Marks) -> tuple[int, int]:
    return len(points), points.generation

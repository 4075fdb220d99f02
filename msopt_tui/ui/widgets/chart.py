"""A live chart in Textual's line API: only the cells that changed go to the terminal."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import ClassVar

from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.reactive import var
from textual.strip import Strip
from textual.timer import Timer

from msopt_tui.ui.widgets.chart_frame import ChartPainter, Layout
from msopt_tui.ui.widgets.chart_marks import visible
from msopt_tui.ui.widgets.chart_model import (
    CURSOR,
    FAINT,
    STYLE_KEYS,
    Curve,
    MarkedSteps,
    Picture,
    Row,
    changed_cells,
    own,
    style_runs,
)
from msopt_tui.ui.widgets.chart_mouse import ChartMouse, ChartMoved
from msopt_tui.ui.widgets.chart_units import STEPS, XUnit
from msopt_tui.ui.widgets.chart_window import Range, Window, whole_range

_FAINT_SHARE = 0.5
"""How far the colour of a faint curve goes towards the background."""


class Chart(ChartMouse):
    """Curves over steps with marks below, following the run or held still by zoom and pan.

    Feed it with `show`; everything else is a view on what was shown last. It has no keys of its
    own: the pane that holds it calls the methods.
    """

    COMPONENT_CLASSES = {"chart--cursor", *(f"chart--{key}" for key in STYLE_KEYS)}

    DEFAULT_CSS = """
    Chart {
        height: 1fr;
        width: 1fr;
    }
    Chart > .chart--plain { color: $foreground; }
    Chart > .chart--title { color: $foreground; text-style: bold; }
    Chart > .chart--axis { color: $foreground 55%; }
    Chart > .chart--grid { color: $foreground 22%; }
    Chart > .chart--empty { color: $foreground 55%; text-style: italic; }
    Chart > .chart--note { color: $foreground 65%; }
    Chart > .chart--not-finite { color: $error; text-style: bold; }
    Chart > .chart--clipped { color: $warning; }
    Chart > .chart--cursor { background: $foreground 14%; }
    Chart > .chart--mark-eval { color: $accent; }
    Chart > .chart--mark-checkpoint { color: $success; }
    Chart > .chart--mark-adjust { color: $foreground; text-style: bold; }
    Chart > .chart--mark-round { color: $foreground; text-style: bold; }
    Chart > .chart--mark-rollback { color: $error; text-style: bold; }
    Chart > .chart--curve-1 { color: $primary; }
    Chart > .chart--curve-2 { color: $accent; }
    Chart > .chart--curve-3 { color: $success; }
    Chart > .chart--curve-4 { color: $error; }
    Chart > .chart--curve-5 { color: $warning; }
    Chart > .chart--curve-6 { color: $secondary; }
    Chart > .chart--curve-7 { color: $foreground; }
    Chart > .chart--curve-8 { color: $foreground 60%; }
    """

    ALLOW_SELECT = False

    LEGEND_SECONDS: ClassVar[float] = 1.0
    """The numbers in the legend stand at least this long while the run goes on: faster they cannot
    be read, and they would cost the terminal more than the curves."""

    LEGEND_SLACK: ClassVar[float] = 0.3
    """Seconds that new numbers may wait for the next steps, which draw the chart anyway."""

    log_y: var[bool] = var(False, init=False)
    """Whether the y axis is logarithmic; values ≤ 0 are then left out and counted."""

    robust_y: var[bool] = var(False, init=False)
    """Whether the y axis leaves out the outermost hundredth; arrows show what lies beyond."""

    cursor_step: var[int | None] = var(None, init=False)
    """The step whose values the legend reads out; None for the latest."""

    total_steps: var[int | None] = var(None, init=False)
    """The last step planned: the view of the whole run does not go past it."""

    def __init__(self, title: str, *, id: str | None = None, empty_text: str = "no steps yet") -> None:  # noqa: A002
        super().__init__(id=id)
        self._title = title
        self._unit = STEPS
        self._empty_text = empty_text
        self._curves: tuple[Curve, ...] = ()
        self._marks: tuple[MarkedSteps, ...] = ()
        self._version: int | None = None
        self._window = Window()
        self._painter = ChartPainter()
        self._painted_size = Size(-1, -1)
        self._legend_since = -self.LEGEND_SECONDS
        self._legend_timer: Timer | None = None
        self._rows: list[Row] = []
        self._strips: list[Strip | None] = []
        self._styles_of: dict[int, Style] = {}

    def show(self, curves: Sequence[Curve], marks: Sequence[MarkedSteps], version: int) -> None:
        """Show these curves and marks from now on.

        `version` changes whenever a series or the marks got or lost points; with the same version, curves and
        marks as before this returns at once.
        """
        curves, marks = tuple(curves), tuple(marks)
        same_curves = curves == self._curves
        if version == self._version and same_curves and marks == self._marks:
            return
        self._curves, self._marks, self._version = curves, marks, version
        self._repaint(numbers_may_wait=same_curves)

    def set_unit(self, unit: XUnit) -> None:
        """Count the x axis in another unit from the next `show` on; the view begins anew."""
        if unit != self._unit:
            self._unit = unit
            self.total_steps = None
            self.reset_view()

    def toggle_log(self) -> None:
        """Change between a linear and a logarithmic y axis."""
        self.log_y = not self.log_y

    def toggle_robust(self) -> None:
        """Change between showing every value and giving outliers no room."""
        self.robust_y = not self.robust_y

    @property
    def _layout(self) -> Layout:
        return Layout.fit(*self.size)

    @property
    def window(self) -> Range:
        """The steps in view."""
        whole, last = self._whole()
        return self._window.range(whole, last)

    @property
    def is_following(self) -> bool:
        """Whether new steps come into view by themselves."""
        return self._window.is_following

    def zoom(self, factor: float, about: float | None = None) -> None:
        """Show 1/`factor` as many steps, around a place of the axis, or the cursor if there is one.

        Without either a chart that follows the run shows fewer of its last steps. Raises
        ValueError unless factor > 0.
        """
        shown, cursor = self.window, self.cursor_step
        if about is None and cursor is not None and shown.x0 <= cursor <= shown.x1:
            about = float(cursor)
        self._window.zoom(factor, *self._whole(), about=about)
        self._repaint()

    def pan(self, fraction: float) -> None:
        """Move by a fraction of the steps in view, to later ones if positive."""
        self._window.pan(fraction, *self._whole())
        self._repaint()

    def follow_last(self, steps: int) -> None:
        """Show the last `steps` steps and follow the run."""
        self._window.follow_last(steps)
        self._repaint()

    def reset_view(self) -> None:
        """Show the whole run, follow it, and take the cursor away."""
        self._window.reset()
        self.cursor_step = None
        self._repaint()

    def move_cursor(self, columns: int) -> None:
        """Move the cursor by cells, to the right if positive; from the latest step if there is none.

        It stays on steps there are, and takes the view along.
        """
        first, last = self._first_and_last()
        if first is None or last is None:
            return
        shown = self.window
        stride = max(shown.length / max(self._layout.plot_width, 1), 1.0)
        origin = self._whole()[1] if self.cursor_step is None else self.cursor_step
        self.cursor_step = min(max(round(origin + columns * stride), first), last)

    def set_cursor(self, place: float) -> None:
        """Put the cursor at a place of the axis, on steps there are."""
        first, last = self._first_and_last()
        if first is not None and last is not None:
            self.cursor_step = min(max(round(place), first), last)

    def place_at(self, column: int) -> float | None:
        """See `ChartMouse`."""
        layout, shown = self._layout, self.window
        share = (column - layout.gutter + 0.5) / max(layout.plot_width, 1)
        return shown.x0 + share * shown.length if 0.0 <= share <= 1.0 else None

    def columns_across(self) -> int:
        """See `ChartMouse`."""
        return self._layout.plot_width

    def move(self, change: Callable[["Chart"], None]) -> None:
        """See `ChartMouse`."""
        change(self)
        self.post_message(ChartMoved(self, change))

    def render_line(self, y: int) -> Strip:
        """The line `y` of the content, made when first asked for."""
        if self._painted_size != self.size:
            self._paint()
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self._style(0))
        strip = self._strips[y]
        if strip is None:
            row = self._rows[y]
            strip = Strip([Segment(text, self._style(style)) for text, style in style_runs(row)], len(row.text))
            self._strips[y] = strip
        return strip

    def notify_style_update(self) -> None:
        """Colours may have changed: make every line anew when it is next asked for."""
        super().notify_style_update()
        self._styles_of.clear()
        self._strips = [None] * len(self._rows)

    def watch_log_y(self) -> None:
        """Draw with the other axis."""
        self._repaint()

    def watch_robust_y(self) -> None:
        """Draw with the other range."""
        self._repaint()

    def watch_total_steps(self) -> None:
        """Draw up to the new end."""
        self._repaint()

    def watch_cursor_step(self, step: int | None) -> None:
        """Take the view along."""
        if step is not None:
            self._window.show(step, *self._whole())
        self._repaint()

    def _repaint(self, numbers_may_wait: bool = False) -> None:
        """Draw, and have Textual refresh the cells that differ from before."""
        before, strips = self._rows, self._strips
        if not self.is_attached or self.size != self._painted_size or not before:
            # Nothing on the screen to compare with: render_line will paint.
            self._painted_size = Size(-1, -1)
            self.refresh()
            return
        self._paint()
        if self._layout.top and self._rows[0] != before[0]:
            self._calm_numbers(before[0], numbers_may_wait)
        regions = []
        for y, (old, new) in enumerate(zip(before, self._rows, strict=True)):
            if old == new:
                self._strips[y] = strips[y]
            else:
                begin, end = changed_cells(old, new)
                regions.append(Region(begin, y, end - begin, 1))
        if regions:
            self.refresh(*regions)

    def _calm_numbers(self, old_legend: Row, may_wait: bool) -> None:
        """Keep the old legend if it is too young to go, and see to it that the new one comes."""
        now = monotonic()
        wait = self._legend_since + self.LEGEND_SECONDS - now
        if not may_wait or wait <= 0.0:
            self._legend_since = now
            if self._legend_timer is not None:
                self._legend_timer.stop()
                self._legend_timer = None
            return
        self._rows[0] = old_legend
        if self._legend_timer is None:
            # Where more steps come they bring the numbers along; only the last ones are waited for.
            self._legend_timer = self.set_timer(wait + self.LEGEND_SLACK, self._show_numbers)

    def _show_numbers(self) -> None:
        self._legend_timer = None
        self._repaint()

    def _paint(self) -> None:
        size = self.size
        picture = Picture(
            title=self._title,
            curves=self._curves,
            marks=visible(self._marks, self.window, size.width),
            window=self.window,
            log_y=self.log_y,
            robust_y=self.robust_y,
            cursor=self.cursor_step,
            empty_text=self._empty_text,
            unit=self._unit,
        )
        self._rows = self._painter.paint(picture, size.width, size.height)
        self._strips = [None] * len(self._rows)
        self._painted_size = size

    def _first_and_last(self) -> tuple[int | None, int | None]:
        firsts = [step for curve in self._curves if (step := curve.series.first_step) is not None]
        lasts = [step for curve in self._curves if (step := curve.series.last_step) is not None]
        return min(firsts, default=None), max(lasts, default=None)

    def _whole(self) -> tuple[Range, float]:
        first, last = self._first_and_last()
        mine = [step for curve in own(self._curves) if (step := curve.series.last_step) is not None]
        return whole_range(first or 0, last or 0, self.total_steps), float(max(mine, default=last or 0))

    def _style(self, cell_style: int) -> Style:
        """The Rich style of a cell's style index with its flags."""
        style = self._styles_of.get(cell_style)
        if style is None:
            key = STYLE_KEYS[cell_style & ~(FAINT | CURSOR)]
            style = self.get_component_rich_style(f"chart--{key}")
            if cell_style & FAINT:
                style = _faint(style)
            if cell_style & CURSOR:
                cursor = self.get_component_rich_style("chart--cursor")
                style += Style(bgcolor=cursor.bgcolor, reverse=cursor.reverse)
            self._styles_of[cell_style] = style
        return style


def _faint(style: Style) -> Style:
    color, background = style.color, style.bgcolor
    if color is None or background is None or not color.type == background.type == ColorType.TRUECOLOR:
        return style + Style(dim=True)
    blended = Color.from_rich_color(color).blend(Color.from_rich_color(background), _FAINT_SHARE)
    return style + Style(color=blended.rich_color)

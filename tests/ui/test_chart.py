import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from msopt_tui.state.series import Series
from msopt_tui.ui.widgets.chart import Chart
from msopt_tui.ui.widgets.chart_model import MARK_GLYPHS, Curve, MarkedSteps

SIZES = [(160, 45), (80, 24), (20, 5)]


class ChartApp(App[None]):
    CSS = "Chart { border: none; }"

    def compose(self) -> ComposeResult:
        yield Chart("loss")


class Run:
    """A run that goes on, and the chart that shows it."""

    def __init__(self, pilot: Pilot[None], steps: int = 1000) -> None:
        self.pilot = pilot
        self.chart = pilot.app.query_one(Chart)
        self.train, self.validation = Series(), Series()
        self.curves = [
            Curve("train", self.train, "curve-1", faint=True),
            Curve("validation", self.validation, "curve-2", 1, glyph="◆", points=True),
        ]
        self.steps_of: dict[str, list[int]] = {"eval": [], "checkpoint": []}
        self.marks = [MarkedSteps(MARK_GLYPHS[kind], kind, steps) for kind, steps in self.steps_of.items()]
        self.version = 0
        self.advance(steps)

    def advance(self, steps: int) -> None:
        for step in range(len(self.train), len(self.train) + steps):
            self.train.append(step, 3.0 + (step * 7919 % 13) / 10 + 100.0 / (step + 50))
            if step and step % 200 == 0:
                self.validation.append(step, 3.5 - step / 2000)
                self.steps_of["eval"].append(step)
        self.version += 1
        self.chart.show(self.curves, self.marks, self.version)


def screen(pilot: Pilot[None]) -> list[str]:
    """The lines as the terminal gets them."""
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()]


def asked_for(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lines of the chart that Textual asks for from now on."""
    lines: list[int] = []
    render_line = chart.render_line

    def noted(y: int) -> Strip:
        lines.append(y)
        return render_line(y)

    monkeypatch.setattr(chart, "render_line", noted)
    return lines


def cursor(chart: Chart) -> int | None:
    """Its step."""
    return chart.cursor_step


def held(chart: Chart) -> bool:
    """Whether the view stands still while the run goes on."""
    return not chart.is_following


async def until(condition: Callable[[], bool], pilot: Pilot[None]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await pilot.pause(0.01)


@pytest.mark.parametrize("size", SIZES)
async def test_the_whole_run_at_any_size(size: tuple[int, int]) -> None:
    async with ChartApp().run_test(size=size) as pilot:
        run = Run(pilot)
        run.steps_of["checkpoint"].append(500)
        run.version += 1
        run.advance(0)
        await pilot.pause()
        lines = screen(pilot)
        assert [len(line) for line in lines] == [size[0]] * size[1]
        assert "◆ 3.10" in lines[0] or "validation 3.1000" in lines[0]
        assert any("◆" in line for line in lines[1:])
        axis = next(line for line in lines if "└" in line)
        assert "▲" in axis
        assert sum("⠁" <= char <= "⣿" for line in lines for char in line) > size[0] // 2


@pytest.mark.parametrize("size", SIZES)
async def test_before_the_first_step(size: tuple[int, int]) -> None:
    async with ChartApp().run_test(size=size) as pilot:
        assert any("no steps yet" in line for line in screen(pilot))
        Run(pilot, steps=1)
        await pilot.pause()
        assert not any("no steps yet" in line for line in screen(pilot))


async def test_a_new_step_asks_the_terminal_for_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChartApp().run_test(size=(160, 45)) as pilot:
        run = Run(pilot, 650)
        await pilot.pause()
        lines = asked_for(run.chart, monkeypatch)
        run.advance(10)
        await pilot.pause()
        assert 0 < len(set(lines)) <= 20
        assert 44 not in lines


async def test_the_same_version_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChartApp().run_test(size=(80, 24)) as pilot:
        run = Run(pilot)
        await pilot.pause()
        lines = asked_for(run.chart, monkeypatch)
        run.chart.show(list(run.curves), list(run.marks), run.version)
        await pilot.pause()
        assert lines == []


async def test_what_was_drawn_in_steps_equals_what_is_drawn_at_once() -> None:
    async with ChartApp().run_test(size=(100, 30)) as pilot:
        run = Run(pilot, 50)
        for _ in range(12):
            run.advance(37)
            await pilot.pause()
        in_steps = screen(pilot)[1:]
        run.chart.refresh()
        await pilot.pause()
        assert screen(pilot)[1:] == in_steps
    async with ChartApp().run_test(size=(100, 30)) as pilot:
        Run(pilot, 50 + 12 * 37)
        await pilot.pause()
        assert screen(pilot)[1:] == in_steps


async def test_numbers_stand_still_for_a_while_and_then_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Chart, "LEGEND_SECONDS", 0.3)
    async with ChartApp().run_test(size=(80, 24)) as pilot:
        run = Run(pilot)
        await pilot.pause()
        run.advance(1)
        await pilot.pause()
        shown = screen(pilot)[0]
        run.advance(1)
        await pilot.pause()
        assert screen(pilot)[0] == shown
        await until(lambda: screen(pilot)[0].rstrip().endswith("step 1,001"), pilot)


async def test_a_run_that_went_back_is_drawn_anew() -> None:
    async with ChartApp().run_test(size=(80, 24)) as pilot:
        run = Run(pilot)
        run.train.append(900, 50.0)
        run.version += 1
        run.chart.show(run.curves, run.marks, run.version)
        await pilot.pause()
        labels = [line[:9].strip() for line in screen(pilot)]
        assert "50 ┤" in labels


async def test_zoom_pan_and_back() -> None:
    async with ChartApp().run_test(size=(160, 45)) as pilot:
        chart = Run(pilot).chart
        whole = chart.window
        assert whole == (0.0, 1000.0)
        chart.zoom(2.0)
        assert not held(chart)
        assert chart.window.length == 500.0
        chart.pan(-0.5)
        assert held(chart)
        left = chart.window
        chart.zoom(0.1)
        assert chart.window == whole
        chart.follow_last(100)
        assert chart.window.length == 100.0
        assert left.x0 < chart.window.x0
        chart.reset_view()
        assert chart.window == whole


async def test_a_chart_that_was_panned_back_stays_there() -> None:
    async with ChartApp().run_test(size=(160, 45)) as pilot:
        run = Run(pilot)
        run.chart.follow_last(200)
        run.chart.pan(-1.0)
        shown = run.chart.window
        await pilot.pause()
        before = screen(pilot)[1:]
        run.advance(500)
        await pilot.pause()
        assert run.chart.window == shown
        assert screen(pilot)[1:] == before


async def test_the_cursor_moves_by_cells_reads_out_and_goes_away() -> None:
    async with ChartApp().run_test(size=(160, 45)) as pilot:
        run = Run(pilot)
        run.chart.move_cursor(-10)
        await pilot.pause()
        step = round(999 - 10 * 1000 / 151)
        assert cursor(run.chart) == step
        legend = screen(pilot)[0]
        assert legend.rstrip().endswith(f"│ step {step}")
        assert f"{run.train.value_at(step):.4f}" in legend
        run.chart.move_cursor(-1000)
        assert cursor(run.chart) == 0
        run.chart.move_cursor(1000)
        assert cursor(run.chart) == 999
        run.chart.reset_view()
        await pilot.pause()
        assert cursor(run.chart) is None
        assert "│" not in screen(pilot)[0]


async def test_the_cursor_takes_the_view_along_and_zoom_keeps_it() -> None:
    async with ChartApp().run_test(size=(80, 24)) as pilot:
        chart = Run(pilot).chart
        chart.follow_last(100)
        chart.cursor_step = 300
        assert chart.window.x0 <= 300 <= chart.window.x1
        chart.zoom(4.0)
        assert chart.window.length == 25.0
        assert chart.window.x0 <= 300 <= chart.window.x1


async def test_a_click_sets_the_cursor() -> None:
    async with ChartApp().run_test(size=(160, 45)) as pilot:
        chart = Run(pilot).chart
        await pilot.pause()
        await pilot.click(Chart, offset=(9 + 75, 20))
        assert chart.cursor_step == round(1000 * 75.5 / 151)
        await pilot.click(Chart, offset=(2, 20))
        assert chart.cursor_step == round(1000 * 75.5 / 151)


async def test_the_axis_switches() -> None:
    async with ChartApp().run_test(size=(80, 24)) as pilot:
        run = Run(pilot)
        run.train.append(1000, 4000.0)
        run.advance(0)
        run.chart.toggle_robust()
        await pilot.pause()
        assert "↑" in screen(pilot)[1]
        run.chart.toggle_robust()
        run.chart.toggle_log()
        await pilot.pause()
        lines = screen(pilot)
        assert "↑" not in "".join(lines)
        assert {"1000 ┤", "100 ┤", "10 ┤"} <= {line[:9].strip() for line in lines}


async def test_the_view_ends_where_the_run_will_end() -> None:
    async with ChartApp().run_test(size=(80, 24)) as pilot:
        chart = Run(pilot, 910).chart
        assert chart.window.x1 == 1000.0
        chart.total_steps = 950
        assert chart.window.x1 == 950.0


async def test_every_theme_colours_the_curves_anew() -> None:
    async with ChartApp().run_test(size=(80, 24)) as pilot:
        Run(pilot)
        await pilot.pause()
        seen = []
        for theme in ("textual-dark", "textual-light", "gruvbox"):
            pilot.app.theme = theme
            await pilot.pause()
            strips = pilot.app.screen._compositor.render_strips()
            seen.append({segment.style.color for segment in strips[10] if segment.style})
        assert all(one != other for one, other in pairwise(seen))


async def test_without_colour_faint_and_full_curves_still_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with ChartApp().run_test(size=(80, 24)) as pilot:
        run = Run(pilot)
        await pilot.pause()
        strips = [strip for y in range(1, 20) for strip in [run.chart.render_lines(run.chart.size.region)[y]]]
        shades = {
            segment.style.color.get_truecolor()
            for strip in strips
            for segment in strip
            if segment.style and segment.style.color and any("⠁" <= char <= "⣿" for char in segment.text)
        }
        assert len(shades) == 2
        assert all(red == green == blue for red, green, blue in shades)


async def test_resizing_draws_for_the_new_size() -> None:
    async with ChartApp().run_test(size=(160, 45)) as pilot:
        Run(pilot)
        for width, height in [(40, 10), (3, 2), (1, 1), (120, 36)]:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert [len(line) for line in screen(pilot)] == [width] * height
        assert "validation 3.1000" in screen(pilot)[0]


async def test_a_chart_that_is_not_shown_yet_takes_its_data() -> None:
    chart = Chart("early")
    series = Series()
    series.extend(0, [1.0, 2.0])
    chart.show([Curve("train", series)], [], 1)

    class Late(App[None]):
        def compose(self) -> ComposeResult:
            yield chart

    async with Late().run_test(size=(80, 24)) as pilot:
        assert "train 2.0000" in screen(pilot)[0]

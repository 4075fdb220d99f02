"""The person's layout: remembered in a file, moved with the mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from msopt_tui.ui.layout import USUAL, PaneLayout
from msopt_tui.ui.layout_memory import LayoutMemory
from tests.ui.cockpit import Cockpit, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import scripted_run


async def test_the_layout_comes_back_at_the_next_start_at_any_size(tmp_path: Path) -> None:
    file = tmp_path / "state" / "layout.json"
    link = FakeLink(scripted_run(100))
    async with started(link, make_app(link, layout_file=file)) as ui:
        await ui.press("7", "w", "1", "}", "<")
        board = ui.screen.board
        left = board.boxes(board.size)
    assert [path.name for path in file.parent.iterdir()] == ["layout.json"], "nothing is left beside it"
    link = FakeLink(scripted_run(100))
    async with started(link, make_app(link, layout_file=file)) as ui:
        board = ui.screen.board
        assert board.boxes(board.size) == left
        await ui.pilot.resize_terminal(80, 24)
        await ui.pilot.pause()
        assert board.shown == ["loss", "evaluation"]
        assert "journal" not in ui.text()


async def test_a_damaged_file_is_named_and_the_usual_layout_shown(tmp_path: Path) -> None:
    file = tmp_path / "layout.json"
    file.write_text('{"hidden": ["loss", "nonsense"]}')
    link = FakeLink(scripted_run(100))
    async with started(link, make_app(link, layout_file=file)) as ui:
        (note,) = ui.app._notifications
        assert str(file) in note.message
        assert "damaged" in note.message
        assert "loss" in ui.screen.board.shown


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"side": 0}', '{"side": NaN}', '{"heights": {"x": 1}}', '{"more": 1}', "\0"]
)
def test_nothing_in_the_file_stops_the_cockpit(tmp_path: Path, text: str) -> None:
    file = tmp_path / "layout.json"
    file.write_text(text)
    memory = LayoutMemory(file)
    assert memory.layout == USUAL
    assert str(file) in memory.problem


def test_what_can_not_be_written_is_said(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    memory = LayoutMemory(in_the_way / "layout.json")
    memory.layout = PaneLayout(side=0.5)
    assert "the layout is not remembered" in memory.keep()
    assert memory.keep() == "", "said once"


async def mouse(ui: Cockpit, kind: type[events.MouseEvent], x: int, y: int, *, shift: bool = False) -> None:
    """One event of the mouse at a place of the screen."""
    button = 0 if "Scroll" in kind.__name__ else 1
    ui.app.screen._forward_event(kind(None, x, y, 0, 0, button, shift, False, False, x, y))
    await ui.pilot.pause()


async def drag(ui: Cockpit, start: tuple[int, int], *to: tuple[int, int]) -> None:
    """Press at a place of the board, move, let go."""
    board = ui.screen.board
    kinds = [events.MouseDown, *[events.MouseMove] * len(to), events.MouseUp]
    for kind, (x, y) in zip(kinds, [start, *to, to[-1]], strict=True):
        await mouse(ui, kind, board.region.x + x, board.region.y + y)


async def test_borders_follow_the_mouse_and_are_written_down_when_let_go(tmp_path: Path) -> None:
    file = tmp_path / "layout.json"
    link = FakeLink(scripted_run(100))
    async with started(link, make_app(link, layout_file=file)) as ui:
        board = ui.screen.board
        loss = board.boxes(board.size)["loss"]
        await drag(ui, (20, loss.height), (20, loss.height - 3), (20, loss.height - 5))
        assert board.boxes(board.size)["loss"].height == loss.height - 5
        assert board.panes["loss"].outer_size.height == loss.height - 5
        written = file.read_bytes()
        await drag(ui, (loss.width, 3), (loss.width - 7, 9))
        assert board.boxes(board.size)["loss"].width == loss.width - 7
        assert file.read_bytes() != written
        await drag(ui, (20, 3), (25, 6))
        assert board.boxes(board.size)["loss"].width == loss.width - 7, "inside a pane there is no border"


async def test_the_mouse_zooms_and_pans_all_charts_and_reads_them_all_out() -> None:
    async with started(FakeLink(scripted_run(400))) as ui:
        charts = [chart for pane in ui.screen.chart_panes for chart in pane.charts]
        (loss,) = ui.screen.loss.charts
        x, y = loss.region.x + 40, loss.region.y + 5
        place = loss.place_at(40)
        assert place is not None
        for _ in range(3):
            await mouse(ui, events.MouseScrollUp, x, y)
        assert len({chart.window for chart in charts}) == 1
        assert loss.window.length < 250
        assert loss.place_at(40) == pytest.approx(place), "what is under the pointer stays there"
        before = loss.window
        for kind, to in ((events.MouseDown, x), (events.MouseMove, x + 10), (events.MouseMove, x + 20)):
            await mouse(ui, kind, to, y)
        await mouse(ui, events.MouseUp, x + 20, y)
        assert loss.window.x0 == pytest.approx(before.x0 - 20 / loss.columns_across() * before.length)
        assert {chart.cursor_step for chart in charts} == {None}, "a drag sets no cursor"
        await mouse(ui, events.MouseScrollDown, x, y, shift=True)
        assert loss.window.x0 > before.x0 - 20 / loss.columns_across() * before.length
        assert len({chart.window for chart in charts}) == 1
        await ui.pilot.click(type(loss), offset=(40, 5))
        (step,) = {chart.cursor_step for chart in charts}
        assert step is not None, "one click reads all of them out"
        for _ in range(9):
            await mouse(ui, events.MouseScrollDown, x, y)
        assert all(chart.is_following for chart in charts)

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from msopt_tui.config.schema import UiTable
from msopt_tui.protocol import events as ev
from msopt_tui.ui.screens.cockpit import CockpitScreen
from msopt_tui.ui.screens.run_view import Outcome
from tests.ui.cockpit import make_app
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import ended_run, scripted_run, waiting_run
from tests.ui.stories import story_of

SnapCompare = Callable[..., bool]
LARGE, SMALL = (160, 45), (80, 24)


@pytest.mark.parametrize(
    ("story", "size", "theme", "keys"),
    [
        pytest.param(scripted_run(900, gpus=1), LARGE, "dark", [], id="running-160x45"),
        pytest.param(scripted_run(900), SMALL, "dark", [], id="running-80x24"),
        pytest.param(scripted_run(900), LARGE, "light", ["left"] * 9, id="cursor-light-160x45"),
        pytest.param(waiting_run(), SMALL, "dark", [], id="proposal-80x24"),
        pytest.param(
            ended_run("failed", reason="RuntimeError: device-side assert"), LARGE, "dark", [], id="failed-160x45"
        ),
        pytest.param(waiting_run(), SMALL, "dark", ["e", "ctrl+u", "9", "9"], id="edit-80x24"),
        pytest.param(story_of("classification"), LARGE, "dark", ["D"], id="data-160x45"),
        pytest.param(story_of("translation"), SMALL, "light", ["D"], id="data-light-80x24"),
        pytest.param(story_of("classification"), LARGE, "light", [], id="classes-light-160x45"),
        pytest.param(story_of("classification"), SMALL, "dark", ["4", "enter"], id="confusion-80x24"),
        pytest.param(story_of("translation"), SMALL, "dark", ["5"], id="samples-80x24"),
        pytest.param(story_of("translation"), LARGE, "dark", ["5", "enter", "v"], id="over-steps-160x45"),
    ],
)
def test_looks(
    snap_compare: SnapCompare, story: list[ev.Event], size: tuple[int, int], theme: str, keys: list[str]
) -> None:
    app = make_app(FakeLink(story), ui=UiTable(theme=theme, fps=30))

    async def settle(pilot: Pilot[Outcome]) -> None:
        screen = app.screen_stack[0]
        assert isinstance(screen, CockpitScreen)
        while not screen.feed.state.version:
            await pilot.pause()
        await pilot.press(*keys)
        screen.show_all()
        await pilot.pause()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=settle)

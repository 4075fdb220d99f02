"""A change of size is one layout where nothing scrolls the way Textual does."""

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from msopt_tui.ui.widgets.unscrolled import Unscrolled


class Plain(Widget):
    """As Textual has it."""


@pytest.mark.parametrize(("kind", "layouts"), [(Plain, 2), (Unscrolled, 1)])
async def test_one_layout_for_a_change_of_size(
    kind: type[Widget], layouts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Screen[object]] = []

    class Two(App[None]):
        def compose(self) -> ComposeResult:
            yield kind(id="above")
            yield kind(id="below")

    app = Two()
    async with app.run_test(size=(40, 20)) as pilot:
        above, below = app.query(kind)
        above.styles.height = 1
        below.styles.height = "1fr"
        await pilot.pause()
        lay_out = Screen._refresh_layout

        def noted(screen: Screen[object], size: Size | None = None, scroll: bool = False) -> None:
            counted.append(screen)
            lay_out(screen, size, scroll)

        monkeypatch.setattr(Screen, "_refresh_layout", noted)
        above.styles.height = 3
        await pilot.pause()
        await pilot.pause()
        assert (above.size.height, below.size.height) == (3, 17)
    assert len(counted) == layouts

from collections.abc import Callable

import pytest
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from msopt_tui.ui.widgets.partial_update import TrimmedUpdate, TrimmingCompositor


class Letters(Widget):
    """Each line is a letter of its own, forty times."""

    DEFAULT_CSS = "Letters { height: 1fr; width: 1fr; }"

    letters = "abcdefgh"

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(self.letters[y] * 20), Segment(self.letters[y].upper() * 20)], 40)


class LettersApp(App[None]):
    """Two of them beside each other, with a screen that trims or not."""

    CSS = "Screen { layout: horizontal; }"

    def __init__(self, compositor: Callable[[], Compositor]) -> None:
        super().__init__()
        self._compositor_class = compositor

    def get_default_screen(self) -> Screen[None]:
        screen: Screen[None] = Screen()
        screen._compositor = self._compositor_class()
        return screen

    def compose(self) -> ComposeResult:
        yield Letters()
        yield Letters()


async def sent(compositor: Callable[[], Compositor], *regions: Region) -> str:
    """What the terminal gets when the right one of the widgets refreshes these regions."""
    app = LettersApp(compositor)
    async with app.run_test(size=(80, 8)) as pilot:
        await pilot.pause()
        right = app.query(Letters).last()
        right.refresh(*regions)
        app.screen._compositor.update_widgets({right})
        update = app.screen._compositor.render_partial_update()
        assert isinstance(update, ChopsUpdate)
        return update.render_segments(app.console)


def letters(text: str) -> str:
    """Only what is seen; a cursor movement becomes its (line, column)."""
    shown, rest = "", text
    while rest:
        if rest.startswith("\x1b["):
            end = next(index for index, char in enumerate(rest) if index > 1 and char.isalpha())
            shown += f"({rest[2:end]})" if rest[end] == "H" else ""
            rest = rest[end + 1 :]
        else:
            shown, rest = shown + rest[0], rest[1:]
    return shown


async def test_only_the_cells_of_the_region_are_sent() -> None:
    assert letters(await sent(TrimmingCompositor, Region(18, 2, 4, 1))) == "(3;59)ccCC"


async def test_a_region_at_either_edge_of_the_widget() -> None:
    assert letters(await sent(TrimmingCompositor, Region(0, 0, 2, 1))) == "(1;41)aa"
    assert letters(await sent(TrimmingCompositor, Region(39, 7, 1, 1))) == "(8;80)H"


async def test_regions_on_many_lines() -> None:
    text = letters(await sent(TrimmingCompositor, Region(3, 1, 1, 1), Region(38, 4, 2, 2)))
    assert text == "(2;44)b(5;79)EE(6;79)FF"


async def test_two_regions_in_one_line() -> None:
    text = letters(await sent(TrimmingCompositor, Region(3, 1, 1, 1), Region(30, 1, 2, 1)))
    assert text.startswith("(2;44)b")
    assert text.endswith("BB")


async def test_textual_alone_begins_at_the_left_edge() -> None:
    """When this fails, Textual has learnt it, and TrimmingCompositor can go."""
    assert letters(await sent(Compositor, Region(18, 2, 4, 1))).startswith("(3;41)cccccccc")


async def test_nothing_to_refresh_is_nothing_to_send() -> None:
    app = LettersApp(TrimmingCompositor)
    async with app.run_test(size=(80, 8)) as pilot:
        await pilot.pause()
        app.screen._compositor.render_partial_update()
        assert app.screen._compositor.render_partial_update() is None


@pytest.mark.parametrize("compositor", [Compositor, TrimmingCompositor])
async def test_the_kind_of_update(compositor: type[Compositor]) -> None:
    app = LettersApp(compositor)
    async with app.run_test(size=(80, 8)):
        right = app.query(Letters).last()
        right.refresh(Region(0, 0, 1, 1))
        app.screen._compositor.update_widgets({right})
        update = app.screen._compositor.render_partial_update()
        assert isinstance(update, TrimmedUpdate) == (compositor is TrimmingCompositor)


async def test_what_is_there_is_passed_over_until_it_is_forgotten() -> None:
    app = LettersApp(TrimmingCompositor)
    async with app.run_test(size=(80, 8)) as pilot:
        await pilot.pause()
        compositor = app.screen._compositor
        assert isinstance(compositor, TrimmingCompositor)

        def refreshed() -> str:
            right = app.query(Letters).last()
            right.refresh(Region(0, 2, 3, 1))
            compositor.update_widgets({right})
            update = compositor.render_partial_update()
            return update.render_segments(app.console) if update else ""

        assert [letters(refreshed()) for _ in range(2)] == ["(3;41)ccc", ""]
        compositor.forget()
        assert letters(refreshed()) == "(3;41)ccc"
        whole = compositor.render_full_update().render_segments(app.console)
        assert letters(whole).count("c") == 40 - 3, "what was sent already is passed over"
        assert compositor.render_full_update().render_segments(app.console) == ""

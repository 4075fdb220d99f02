from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Region

from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.theme import ThemeFile
from msopt_tui.ui.widgets.line_input import LineInput
from msopt_tui.ui.widgets.lines import LinesView, Words, fit, words_length, wrap

anything = st.text(st.characters(codec="utf-8"), max_size=60)


class TestFit:
    def test_what_fits_is_left_alone(self) -> None:
        words: Words = [("loss ", "muted"), ("2.31", "")]
        assert fit(words, 9) == words

    def test_what_does_not_fit_ends_in_an_ellipsis(self) -> None:
        assert fit([("loss ", "muted"), ("2.3145", "")], 9) == [("loss ", "muted"), ("2.3…", "")]
        assert fit([("loss", ""), (" more", "")], 4) == [("los…", "")]

    def test_wide_characters_are_not_cut_in_half(self) -> None:
        assert words_length(fit([("損失損失", "")], 6)) == 6

    @given(st.lists(anything, max_size=5), st.integers(1, 40))
    def test_the_result_is_harmless_and_never_wider(self, texts: list[str], width: int) -> None:
        fitted = fit([(text, "") for text in texts], width)
        assert words_length(fitted) <= width
        assert all(sanitise(text, multiline=False) == text for text, _ in fitted)


class TestWrap:
    def test_lines_break_at_spaces(self) -> None:
        assert wrap("the value of an expression", 12) == ["the value of", "an", "expression"]

    def test_a_word_longer_than_the_line_is_cut(self) -> None:
        assert wrap("a supercalifragilistic b", 8) == ["a", "supercal", "ifragili", "stic b"]

    def test_line_breaks_and_indents_of_the_text_stay(self) -> None:
        assert wrap("def f():\n    pass", 20) == ["def f():", "    pass"]

    @given(anything, st.integers(2, 30))
    def test_nothing_is_wider_and_no_letter_is_lost(self, text: str, width: int) -> None:
        lines = wrap(text, width)
        assert all(cell_len(line) <= width for line in lines)
        assert all(sanitise(line, multiline=False) == line for line in lines)

    @given(st.text("ab c\n", max_size=80), st.integers(1, 20))
    def test_all_letters_come_out_in_order(self, text: str, width: int) -> None:
        assert "".join("".join(wrap(text, width)).split()) == "".join(text.split())


class Recorder(LinesView):
    """Notes what it asks Textual to paint again."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Region, ...]] = []

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Recorder:
        if hasattr(self, "asked"):
            self.asked.append(regions)
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


class LinesApp(App[None]):
    theme_file = ThemeFile()

    def __init__(self) -> None:
        super().__init__()
        self.view = Recorder()

    def compose(self) -> ComposeResult:
        yield self.view


def lines(*texts: str) -> Sequence[Words]:
    return [[(text, "")] for text in texts]


async def test_only_the_cells_that_changed_are_painted_again() -> None:
    app = LinesApp()
    async with app.run_test(size=(40, 4)) as pilot:
        app.view.set_lines([[("step ", "muted"), ("41", ""), (" running", "good")], [("same", "")]])
        await pilot.pause()
        app.view.asked.clear()
        app.view.set_lines([[("step ", "muted"), ("42", ""), (" running", "good")], [("same", "")]])
        assert app.view.asked == [(Region(5, 0, 2, 1),)]
        app.view.asked.clear()
        app.view.set_lines([[("step ", "muted"), ("42", ""), (" running", "good")], [("same", "")]])
        assert app.view.asked == [], "nothing changed"
        app.view.set_lines([[("step ", "muted"), ("42", ""), (" paused", "warn")], [("same", "")]])
        assert app.view.asked == [(Region(7, 0, 33, 1),)], "a shorter line leaves nothing of the longer one"


async def test_a_list_follows_its_end_or_stays() -> None:
    app = LinesApp()
    async with app.run_test(size=(20, 4)) as pilot:
        view = app.view
        view.follow = True
        view.set_lines(lines(*"abcdefgh"))
        await pilot.pause()
        assert view.top == 4
        assert view.at_end
        view.follow = False
        view.set_lines(lines(*"abcdefghij"))
        assert view.top == 4
        view.scroll_lines(-100)
        assert view.top == 0
        view.scroll_lines(100)
        assert view.top == 6
        view.set_lines(lines("a"))
        assert view.top == 0, "no more than there is"


async def test_there_is_a_bar_only_where_there_is_more_than_fits() -> None:
    app = LinesApp()
    async with app.run_test(size=(20, 4)) as pilot:
        app.view.set_lines(lines(*"abcd"))
        await pilot.pause()
        assert all("┃" not in app.view.render_line(y).text for y in range(4))
        app.view.set_lines(lines(*"abcdefgh"))
        await pilot.pause()
        bar = [app.view.render_line(y).text[19:] for y in range(4)]
        assert bar == ["┃", "┃", "", ""] or bar == ["┃", "┃", " ", " "]


async def test_a_theme_change_reaches_lines_that_stand() -> None:
    app = LinesApp()
    async with app.run_test(size=(20, 4)) as pilot:
        app.view.set_lines([[("bad", "bad")]])
        await pilot.pause()
        before = next(iter(app.view.render_line(0))).style
        app.theme_file = ThemeFile(colours=type(ThemeFile().colours)(error="#123456"))
        app.theme = "textual-light"
        await pilot.pause()
        after = next(iter(app.view.render_line(0))).style
        assert before != after


class InputApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.moves: list[int] = []
        self.line = LineInput(id="line", move=self.moves.append)

    def compose(self) -> ComposeResult:
        yield self.line


@pytest.mark.parametrize(
    ("burst", "value", "moves"),
    [
        (["backspace", "backspace", "5"], "0.05", []),
        (["home", "1", "right", "delete", "end", "9"], "100019", []),
        (["1", "down", "2", "up"], "0.00112", [1, -1]),
        (["ctrl+u", "7"], "7", []),
    ],
)
async def test_keys_that_come_in_one_burst_take_effect_in_their_order(
    burst: list[str], value: str, moves: list[int]
) -> None:
    app = InputApp()
    async with app.run_test() as pilot:
        app.line.focus()
        await pilot.pause()
        app.line.value = "0.001"
        app.line.cursor_position = 5
        for name in burst:
            app.post_message(events.Key(name, name if len(name) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert app.line.value == value
        assert app.moves == moves

"""What is left out is on the terminal already: one that is sent the changes shows what one sent everything does."""

import random
import re

import pyte
import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip

from msopt_tui.ui.screens.cockpit import CockpitScreen
from msopt_tui.ui.widgets.partial_update import TrimmedUpdate
from msopt_tui.ui.widgets.screen_image import ScreenImage, is_simple
from tests.ui.cockpit import make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import scripted_run

WIDTH, HEIGHT = 30, 4
STYLES = [
    None,
    Style.parse("#112233 on #000001"),
    Style.parse("#445566 on #000001"),
    Style.parse("bold #445566 on #000001"),
    Style.parse("#445566 on #0a0b0c"),
    Style.parse("underline #445566 on #0a0b0c"),
    Style.parse("reverse #112233 on #000001"),
    Style.parse("red"),
]
TEXTS = ["  ", "⣀⠒⠉", "step 12", "─┤", "e\u0301", "日本", "· ◆"]


def _strip(rng: random.Random) -> Strip:
    """A line of pieces that fill the width; the last is a space, for behind an accent there pyte breaks the line."""
    segments, left = [], WIDTH - 1
    while left:
        text = rng.choice(TEXTS)
        segment = Segment(text, rng.choice(STYLES))
        if segment.cell_length > left:
            segment = Segment(" " * left, rng.choice(STYLES))
        segments.append(segment)
        left -= segment.cell_length
    return Strip([*segments, Segment(" ", STYLES[1])], WIDTH)


def _update(image: ScreenImage, rows: dict[int, Strip], spans: list[tuple[int, int, int]]) -> str:
    chops = [{0: rows.get(y)} for y in range(HEIGHT)]
    update = TrimmedUpdate(chops, spans, [[WIDTH]] * HEIGHT, image=image, size=Size(WIDTH, HEIGHT))
    return update.render_segments(_Console())  # type: ignore[arg-type]


class _Console:
    _color_system = ColorSystem.TRUECOLOR


def _seen(screen: pyte.Screen) -> list[list[object]]:
    """Every cell as it looks: a space shows no letter's colour."""
    return [[_look(screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def _look(cell: pyte.screens.Char) -> object:
    if cell.data == " " and not (cell.underscore or cell.reverse or cell.strikethrough):
        return cell.bg
    return cell


@pytest.mark.parametrize("seed", range(20))
def test_changes_alone_lead_to_the_same_screen(seed: int) -> None:
    rng = random.Random(seed)
    image, shown, whole = ScreenImage(), pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    trimmed_bytes = whole_bytes = 0
    rows: dict[int, Strip] = {}
    for _ in range(30):
        for y in rng.sample(range(HEIGHT), rng.randint(1, HEIGHT)):
            # Pieces of the old line stay, as they do in a chart or a line of figures.
            rows[y] = _strip(rng) if y not in rows or rng.random() < 0.4 else _with_a_change(rows[y], rng)
        spans = [(y, 0, WIDTH) for y in sorted(rows)]
        text = _update(image, rows, spans)
        full = "".join(f"\x1b[{y + 1};1H" + "".join(_rendered(rows[y])) for y in rows)
        pyte.Stream(shown).feed(text)
        pyte.Stream(whole).feed(full)
        assert _seen(shown) == _seen(whole)
        trimmed_bytes, whole_bytes = trimmed_bytes + len(text), whole_bytes + len(full)
    assert trimmed_bytes < whole_bytes


def _rendered(strip: Strip) -> list[str]:
    return [
        text if style is None else Strip.render_style(style, text, ColorSystem.TRUECOLOR) for text, style, _ in strip
    ]


def _with_a_change(strip: Strip, rng: random.Random) -> Strip:
    segments = list(strip)
    at = rng.randrange(len(segments))
    segments[at] = Segment(segments[at].text, rng.choice(STYLES))
    return Strip(segments, WIDTH)


def _line(text: str, style: Style | None = STYLES[1]) -> dict[int, Strip]:
    return {1: Strip([Segment(text.ljust(WIDTH), style)], WIDTH)}


def test_what_is_there_is_not_sent_again_until_it_is_forgotten() -> None:
    image, spans = ScreenImage(), [(1, 0, WIDTH)]
    first = _update(image, _line("step 1,204"), spans)
    assert "step 1,204" in first
    assert _update(image, _line("step 1,204"), spans) == ""
    assert _update(image, _line("step 1,205"), spans) == "\x1b[2;10H\x1b[38;2;17;34;51;48;2;0;0;1m5\x1b[0m"
    image.forget()
    assert _update(image, _line("step 1,205"), spans) == first.replace("204", "205")


def test_changes_close_to_each_other_are_one_and_others_are_gone_to_within_the_line() -> None:
    image, spans = ScreenImage(), [(1, 0, WIDTH)]
    _update(image, _line("a1b2c", None), spans)
    assert _update(image, _line("A1B2c", None), spans) == "\x1b[2;1HA1B"
    assert _update(image, _line("a1B2c      z", None), spans) == "\x1b[2;1Ha\x1b[12Gz"


def test_colours_are_named_once() -> None:
    image = ScreenImage()
    one, other = (STYLES[1], STYLES[2])
    strip = Strip([Segment("ab", one), Segment("  ", other), Segment("cd", one), Segment("ef", other)], 8)
    chops: list[dict[int, Strip | None]] = [{0: strip}]
    text = TrimmedUpdate(chops, [(0, 0, 8)], [[8]], image=image, size=Size(WIDTH, 1)).render_segments(_Console())  # type: ignore[arg-type]
    assert re.findall(r"\x1b\[([\d;]*)m", text) == ["38;2;17;34;51;48;2;0;0;1", "38;2;68;85;102", "0"]


def test_links_and_text_of_uncertain_width_are_sent_as_they_are() -> None:
    assert not is_simple("x", Style(link="https://example.org"))
    assert [is_simple(text, None) for text in ("日", "e\u0301", "☀\ufe0f", "\u25fd", "a\u200bb")] == [False] * 5
    assert is_simple("step 1,204 · ◆▲‖╭─┃⣿█▁…−≤", None)


async def test_a_terminal_that_is_sent_only_changes_shows_what_a_whole_redraw_does() -> None:
    """Through steps, other scales, dialogs, a pane in full and another size, in glyphs and colours."""
    story = scripted_run(400, gpus=1)
    link = FakeLink(story[: len(story) // 2])
    app = make_app(link)
    terminal, whole = pyte.Screen(120, 36), pyte.Screen(110, 40)
    watched = terminal
    kinds: list[str] = []

    def display(screen: Screen[object], update: object) -> None:
        if isinstance(update, CompositorUpdate):
            kinds.append(type(update).__name__)
            pyte.Stream(watched).feed(update.render_segments(app.console))

    app._display = display  # type: ignore[method-assign,assignment]
    async with started(link, app, (120, 36)) as ui:
        rest = story[len(story) // 2 :]
        keys = ["y", "plus", "question_mark", "escape", "m", "escape", "left", "6", "7", "k", "1", "z"]
        for at in range(0, len(rest), 6):
            await ui.feed(*rest[at : at + 6])
            await ui.press(keys[at // 6 % len(keys)])
        await ui.press("escape", "1")
        terminal.resize(40, 110)
        await ui.pilot.resize_terminal(110, 40)
        await ui.feed(*scripted_run(500)[-60:])
        await ui.frame()
        assert isinstance(app.screen, CockpitScreen)
        assert {*kinds} == {"TrimmedUpdate", "TrimmedLayout"}
        # What a terminal that was stopped or lost frames is sent, here to another one that shows nothing yet.
        watched = whole
        app.refresh()
        await ui.pilot.pause()
        assert [_cells(line) for line in _lines_of(terminal)] == [_cells(line) for line in _lines_of(whole)]


def _lines_of(terminal: pyte.Screen) -> list[list[pyte.screens.Char]]:
    return [[terminal.buffer[y][x] for x in range(terminal.columns)] for y in range(terminal.lines)]


def _cells(line: list[pyte.screens.Char]) -> list[object]:
    """How each cell looks; a space shows no letter's colour."""
    return [cell.bg if cell.data == " " else (cell.data, cell.fg, cell.bg, cell.bold) for cell in line]

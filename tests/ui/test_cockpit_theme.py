from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest
from rich.color import Color as TerminalColour
from textual.color import Color

from msopt_tui.config.schema import UiTable
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.theme import HITS, MISSES, Role, ThemeFile, load_theme, mixed, read_theme, theme_names
from msopt_tui.ui.theme_watch import ThemeWatch
from msopt_tui.ui.ways import Places
from msopt_tui.ui.widgets.chart_model import STYLE_KEYS
from tests.ui.cockpit import THEMES, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import scripted_run

SHIPPED = THEMES[0]
NAMES = ["dark", "light", "high-contrast", "colour-blind", "ansi-16", "monochrome"]
COLOURED = NAMES[:4]
LISTED = ", ".join(sorted(NAMES))
# The colours of xterm without settings: those the themes use.
XTERM = {
    "ansi_black": "#000000",
    "ansi_white": "#e5e5e5",
    "ansi_bright_black": "#7f7f7f",
    "ansi_bright_red": "#ff0000",
    "ansi_bright_green": "#00ff00",
    "ansi_bright_yellow": "#ffff00",
    "ansi_bright_magenta": "#ff00ff",
    "ansi_bright_cyan": "#00ffff",
}


def shipped(name: str) -> ThemeFile:
    theme, problem = read_theme(SHIPPED / f"{name}.toml")
    assert theme is not None, problem
    return theme


def test_the_themes_that_are_shipped() -> None:
    assert set(theme_names(THEMES)) == set(NAMES)


def test_the_dark_theme_is_what_stands_in_for_a_broken_one() -> None:
    assert shipped("dark") == ThemeFile()


@pytest.mark.parametrize("name", COLOURED)
def test_text_can_be_read_on_every_background(name: str) -> None:
    theme = shipped(name)
    colours = theme.colours
    inks = [colours.foreground, colours.muted, colours.primary, colours.accent, colours.success, colours.warning]
    # WCAG 2.1: 1.4.3 asks 4.5 of text, 1.4.6 ("enhanced") 7.
    least = 7.0 if name == "high-contrast" else 4.5
    for ground in (colours.background, colours.surface, colours.panel):
        for ink in [*inks, colours.error]:
            assert contrast(ink, ground) >= least, f"{ink} on {ground}"
    for ink in [*msgspec.structs.astuple(theme.curves), *msgspec.structs.astuple(theme.marks)]:
        assert contrast(ink, colours.background) >= max(least - 0.5, 4.0), ink


@pytest.mark.parametrize("name", COLOURED)
def test_numbers_can_be_read_on_every_cell_of_a_confusion_matrix(name: str) -> None:
    theme = shipped(name)
    for roles in (HITS, MISSES):
        grounds = [theme.styles[role].bgcolor for role in roles]
        shades = [ground.name for ground in grounds if ground is not None]
        contrasts = [contrast(theme.colours.foreground, shade) for shade in shades]
        assert min(contrasts) >= 4.5
        assert len(shades) == len(roles)
        assert sorted(contrasts, reverse=True) == contrasts, "the more, the fuller"


@pytest.mark.parametrize("name", ["ansi-16", "monochrome"])
def test_where_colours_cannot_be_mixed_the_cells_and_the_cursor_differ_all_the_same(name: str) -> None:
    theme = shipped(name)
    assert theme.ansi
    for roles in (HITS, MISSES):
        assert len({(theme.styles[role].bold, theme.styles[role].reverse) for role in roles}) == len(roles)
    assert theme.styles["cursor"].reverse
    assert theme.chart_styles["cursor"].reverse


def test_the_sixteen_colours_can_be_read_as_xterm_has_them() -> None:
    colours = msgspec.structs.asdict(shipped("ansi-16").colours)
    frame = colours.pop("frame")
    grounds = {colours.pop(name) for name in ("background", "surface", "panel")}
    assert grounds == {"ansi_black"}
    assert all(contrast(XTERM[ink], XTERM["ansi_black"]) >= 4.5 for ink in colours.values())
    assert contrast(XTERM[frame], XTERM["ansi_black"]) >= 3.0


def test_monochrome_has_no_colour() -> None:
    theme = shipped("monochrome")
    styles = [*theme.styles.values(), *theme.chart_styles.values()]
    assert all(style.color is None or style.color.is_default for style in styles)
    assert all(style.bgcolor is None for style in styles)


def test_the_colours_for_the_colour_blind_are_okabe_and_itos() -> None:
    theme = shipped("colour-blind")
    palette = {"#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#000000"}
    assert {*msgspec.structs.astuple(theme.curves), *msgspec.structs.astuple(theme.marks)} <= palette
    assert len(set(msgspec.structs.astuple(theme.curves))) == 6


def test_colours_mix_by_share() -> None:
    assert [mixed("#000000", "#ff8040", share) for share in (0.0, 0.5, 1.0)] == ["#000000", "#804020", "#ff8040"]


@pytest.mark.parametrize("name", theme_names(THEMES))
def test_a_theme_styles_every_role_and_every_part_of_a_chart(name: str) -> None:
    theme = shipped(name)
    assert set(theme.styles) == set(get_args(Role))
    assert set(theme.chart_styles) == {*STYLE_KEYS, "cursor"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name = 'mine'\n[colours]\nerror = 'red'", "Expected `str` matching regex"),
        ("name = 'mine'\n[colors]\nerror = '#ff0000'", "Object contains unknown field `colors`"),
        ("name = 'mine", "not valid TOML"),
        ("name = 3", "Expected `str`, got `int`"),
        ("name = 'other'", "`name` is 'other', not the file's"),
        ("\x00", "not valid TOML"),
    ],
)
def test_a_broken_theme_is_named_and_skipped(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    theme, problems = load_theme("mine", [tmp_path, SHIPPED])
    assert theme == ThemeFile()
    assert len(problems) == 1
    assert problems[0].startswith("theme mine.toml skipped: ")
    assert complaint in problems[0]


def test_a_broken_theme_of_the_users_gives_way_to_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "light.toml").write_text("[")
    theme, problems = load_theme("light", [tmp_path, SHIPPED])
    assert theme == shipped("light")
    assert len(problems) == 1


def test_the_users_theme_wins_and_may_set_just_a_few_colours(tmp_path: Path) -> None:
    (tmp_path / "dark.toml").write_text("[colours]\nprimary = '#00ff00'\n")
    theme, problems = load_theme("dark", [tmp_path, SHIPPED])
    assert problems == []
    assert theme.colours.primary == "#00ff00"
    assert theme.colours.error == ThemeFile().colours.error


@pytest.mark.parametrize("name", ["none", "../dark", "", "a/b", "x" * 300])
def test_a_theme_that_is_not_there_is_said(name: str) -> None:
    theme, problems = load_theme(name, THEMES)
    assert theme == ThemeFile()
    assert problems == [f"no theme {name!r} (ui.theme): there are {LISTED}"]


def test_a_file_of_another_kind_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "big.toml").write_bytes(b"#" * 200_000)
    (tmp_path / "latin.toml").write_bytes(b"name = '\xff'")
    assert "larger than" in load_theme("big", [tmp_path])[1][0]
    assert "not valid TOML" in load_theme("latin", [tmp_path])[1][0]


async def test_the_theme_can_be_changed_while_the_cockpit_runs() -> None:
    async with started(FakeLink(scripted_run(100))) as ui:
        strip = ui.screen.strip
        dark = next(iter(strip.render_line(0))).style
        ui.app.use_theme("light")
        await ui.pilot.pause()
        light = next(iter(strip.render_line(0))).style
        assert dark is not None
        assert light is not None
        assert dark.bgcolor != light.bgcolor
        ui.app.use_theme("gone")
        await ui.pilot.pause()
        assert [note.message for note in ui.app._notifications] == [f"no theme 'gone' (ui.theme): there are {LISTED}"]


async def test_a_theme_edited_while_the_cockpit_runs_is_reloaded(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("name = 'mine'\n[colours]\nbackground = '#102030'\n")
    link = FakeLink(scripted_run(100))
    app = CockpitApp(link, config_ui=UiTable(theme="mine"), places=Places(themes=(tmp_path, *THEMES)))
    async with started(link, app) as ui:

        def ground() -> str:
            return ui.screen.styles.background.hex.lower()

        def notes() -> list[str]:
            return [note.message for note in app._notifications]

        assert ground() == "#102030"
        mine.write_text("name = 'mine'\n[colours]\nbackground = '#0a0b0c'\n")
        await ui.until(lambda: ground() == "#0a0b0c", "the new colours, by the app's own timer")
        mine.write_text("name = 'mine'\n[colours]\nbackground = 'bl")
        app.look_at_theme()
        await ui.pilot.pause()
        assert ground() == "#0a0b0c", "a file being written does not change the screen"
        assert len(notes()) == 1
        assert notes()[0].startswith("theme mine.toml skipped: not valid TOML")
        app.look_at_theme()
        assert len(notes()) == 1, "said once"
        mine.write_text("name = 'mine'\n[colours]\nbackground = 'ansi_default'\n")
        app.look_at_theme()
        await ui.until(lambda: app.native_ansi_color, "the terminal's own colours")


@pytest.mark.parametrize("name", ["ansi-16", "monochrome"])
async def test_nothing_but_the_terminals_own_colours_is_drawn(name: str) -> None:
    link = FakeLink(scripted_run(100))
    async with started(link, CockpitApp(link, config_ui=UiTable(theme=name), places=Places(themes=THEMES))) as ui:
        await ui.press("right", "right")
        used: set[TerminalColour] = set()
        for strip in ui.app.screen._compositor.render_strips():
            for style in (segment.style for segment in strip if segment.style is not None):
                used |= {colour for colour in (style.color, style.bgcolor) if colour is not None}
        assert all(colour.is_system_defined for colour in used)
        assert all(colour.is_default for colour in used) == (name == "monochrome")


def test_a_watched_theme_may_come_and_go(tmp_path: Path) -> None:
    watch = ThemeWatch("light", [tmp_path, SHIPPED])
    assert watch.changed() == (None, [])
    (tmp_path / "light.toml").write_text("name = 'light'\n[colours]\nprimary = '#00ff00'\n")
    theme, problems = watch.changed()
    assert theme is not None
    assert theme.colours.primary == "#00ff00"
    assert problems == []
    (tmp_path / "light.toml").unlink()
    assert watch.changed() == (shipped("light"), [])
    assert watch.changed() == (None, [])


async def test_no_colour_is_sent_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    link = FakeLink(scripted_run(100))
    async with started(link, make_app(link)) as ui:
        strips = ui.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
        assert styles
        assert all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
        assert "▶" in ui.text(), "what colours say, glyphs say too"
        await ui.press("7")
        strips = ui.app.screen._compositor.render_strips()
        reverse = [segment.text for strip in strips for segment in strip if segment.style and segment.style.reverse]
        assert "7 journal" in "".join(reverse)
        assert "1 loss" not in "".join(reverse), "only where the keys go"


def contrast(ink: str, ground: str) -> float:
    """Contrast ratio after WCAG 2.1."""
    bright, dim = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    parts = [part / 255 for part in Color.parse(colour).rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

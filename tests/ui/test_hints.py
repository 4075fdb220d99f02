"""First-run hints: once, hidden by a key, off by a setting; and what stands where there is no list or no engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from msopt_tui.config.schema import UiTable
from msopt_tui.protocol import events as ev
from msopt_tui.runs.query import Listing
from msopt_tui.runs.row import RunRow
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.hints import hint_lines
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.screens.history_words import notice_lines
from msopt_tui.ui.start import farewell
from msopt_tui.ui.ways import Places
from msopt_tui.ui.widgets.lines import words_length
from tests.ui.cockpit import THEMES, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import ended_run, scripted_run
from tests.ui.test_history import Host, loaded, row, seen, until


def app_with(link: FakeLink, file: Path, ui: UiTable | None = None) -> CockpitApp:
    return CockpitApp(link, config_ui=ui, places=Places(themes=THEMES, hints=file))


async def test_they_come_once_and_go_with_a_key(tmp_path: Path) -> None:
    file = tmp_path / "state" / "hints-shown"
    link = FakeLink(scripted_run(50))
    async with started(link, app_with(link, file), size=(50, 30)) as ui:
        assert "First time" not in ui.text(), "no room to spare: another time"
    link = FakeLink(scripted_run(50))
    async with started(link, app_with(link, file, UiTable(keys={"pause": "f9"})), size=(80, 24)) as ui:
        assert "First time here?  f9 pause" in ui.text()
        assert "esc hides this" in ui.text()
        await ui.press("escape")
        assert "First time" not in ui.text()
        await ui.press("enter", "escape")
        assert ui.screen.board.maximised is None, "esc is again what it was"
    link = FakeLink(scripted_run(50))
    async with started(link, app_with(link, file)) as ui:
        assert "First time" not in ui.text()


async def test_how_a_run_ended_is_worth_more_and_they_wait_for_the_next(tmp_path: Path) -> None:
    file = tmp_path / "hints-shown"
    link = FakeLink(ended_run("stopped"))
    async with started(link, app_with(link, file)) as ui:
        assert "stopped at step" in ui.text()
        assert "First time" not in ui.text()
    assert not file.exists()


async def test_they_can_be_turned_off_and_a_folder_that_refuses_is_no_fault(tmp_path: Path) -> None:
    link = FakeLink(scripted_run(50))
    async with started(link, app_with(link, tmp_path / "a", UiTable(hints=False))) as ui:
        assert "First time" not in ui.text()
    (tmp_path / "file").touch()
    link = FakeLink(scripted_run(50))
    async with started(link, app_with(link, tmp_path / "file" / "a")) as ui:
        assert "First time here?" in ui.text()


async def test_where_no_command_can_be_sent_no_key_for_one_is_named(tmp_path: Path) -> None:
    link = FakeLink([*scripted_run(50), ev.Noted(time=time.time(), level="info", text="alive")], status="readonly")
    async with started(link, app_with(link, tmp_path / "hints-shown"), size=(80, 24)) as ui:
        assert "First time here?  tab next pane" in ui.text()
        assert "the run can go on without you" not in ui.text()


@pytest.mark.parametrize("width", [20, 80, 160])
def test_they_fit(width: int) -> None:
    lines = hint_lines(Keys(), width)
    assert all(words_length(line) <= max(width, 45) for line in lines)


async def test_a_run_without_an_engine_says_so_and_what_can_be_done() -> None:
    link = FakeLink(scripted_run(50), status="readonly")
    async with started(link) as ui:
        assert "the engine is gone · nothing was heard of it for" in ui.text()
        assert "! what went wrong" in ui.text()


def notice(listing: Listing | None = None, error: str = "", filtered: bool = False, hints: bool = True) -> str:
    lines = notice_lines(Path("runs"), listing, error, filtered, Keys({"history_help": "f3"}), hints)
    return "\n".join("".join(text for text, _ in line) for line in lines)


def test_each_reason_for_an_empty_list_has_words_of_its_own() -> None:
    assert "Reading the runs in runs/…" in notice()
    assert "The runs can't be read." in (said := notice(error="OSError: gone"))
    assert "OSError: gone" in said
    assert "msopt-tui new" in (said := notice(Listing(())))
    assert "f3  lists all keys" in said
    assert "msopt-tui new" not in notice(Listing(()), hints=False)
    assert "esc takes the filter away" in notice(Listing([row("a")]), filtered=True)
    assert "A   lists them" in notice(Listing([row("a")]))


async def test_the_cursor_stays_on_its_run_through_filters_and_orders() -> None:
    rows: Sequence[RunRow] = [row(name, created=float(at), best_loss=9.0 - at) for at, name in enumerate("abcdef")]
    app = Host(lambda path: rows)
    async with app.run_test(size=(100, 30)) as pilot:
        await loaded(pilot, app)
        await pilot.press("down", "down")
        assert app.selected() == "d"
        await pilot.press("slash", *"val_loss>5", "enter")
        assert (app.names(), app.selected()) == (["d", "c", "b", "a"], "d")
        await pilot.press("escape", "slash", *"val_loss>7")
        assert app.selected() == "b", "it is not listed: the first one"
        await pilot.press("escape", "o", "right", "right")
        assert app.selected() == "d", "and again once it is"
        await pilot.press("slash", *"nothing", "enter")
        await until(pilot, lambda: "No run matches the filter." in seen(app.history, app))
        await pilot.press("enter", "down", "escape")
        assert app.selected() == "d"


def test_what_is_said_when_the_screen_is_gone() -> None:
    assert farewell("detached", "r") == "r goes on without a screen; back to it:\n  msopt-tui attach r\n"
    assert farewell("ended", "r") == "r is over; what came of it:\n  msopt-tui show r\n"
    assert farewell("left", "r") == farewell(None, "r") == ""

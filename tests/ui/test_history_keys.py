"""Every key of the history does what the table says; tags, notes, pins, archive and deletion reach the folders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from msopt_tui.protocol import events as ev
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.history import list_runs
from msopt_tui.runs.notes import read_notes
from msopt_tui.ui.history_keys import HISTORY
from msopt_tui.ui.keys import BY_ID, Keys
from msopt_tui.ui.screens.compare import CompareScreen
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.screens.history import HistoryScreen
from msopt_tui.ui.screens.history_deeds import DEEDS
from msopt_tui.ui.screens.history_edit import DeleteDialog
from msopt_tui.ui.screens.lineage import LineageScreen
from msopt_tui.ui.screens.pick import PickDialog
from msopt_tui.ui.screens.postmortem import PostmortemScreen
from tests.ui.key_tests import KeyTests
from tests.ui.test_history import Host, loaded, seen, until
from tests.unit.runs_maker import make_run

NAMES = [f"2026010{number}-000000-r{number}" for number in range(9, 0, -1)]
KeyTest = Callable[[Host, "Pilot[None]", str], Awaitable[None]]
key = KeyTests[KeyTest]("history_")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    runs = tmp_path / "runs"
    for number, name in enumerate(NAMES):
        make_run(runs, name, created=100.0 - number, best_loss=float(number % 4), status="stopped")
    return runs


@pytest.mark.parametrize("action_id", [action.id for action in HISTORY])
async def test_every_key_of_the_history_does_what_it_says(action_id: str, runs: Path) -> None:
    test = key[action_id]
    for pressed in BY_ID[action_id].keys:
        app = Host(list_runs, runs)
        async with app.run_test(size=(120, 8)) as pilot:
            await loaded(pilot, app)
            await test(app, pilot, pressed)


def test_no_test_for_a_key_that_is_gone_and_a_deed_for_each() -> None:
    assert key.ids == {action.id for action in HISTORY} == set(DEEDS)


@key("open")
async def _open(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert app.opened == NAMES[:1]


@key("export")
async def _export(app: Host, pilot: Pilot[None], pressed: str) -> None:
    run = Path(app.runs.rows[0].path)
    done = ev.StepsDone(first=1, losses=[2.0, 1.0], grad_norms=[1, 1], learning_rates=[0.1, 0.1], seconds=1, tokens=8)
    (run / "events.jsonl").write_bytes(encode_json(done) + b"\n")
    folder = run.parent.parent / "out"
    await pilot.press(pressed, "escape", pressed)
    field = app.screen.query_one(Input)
    assert field.value == f"{NAMES[0]}-export"
    field.value = str(folder)
    await pilot.press("enter")
    await until(pilot, lambda: "2 steps and 0 evaluations" in seen(app.history, app))
    assert (folder / "steps.csv").read_text().splitlines()[2].startswith("2,0,1.0,")
    await pilot.press(pressed)
    app.screen.query_one(Input).value = str(folder / "steps.csv")
    await pilot.press("enter")
    await until(pilot, lambda: "not exported" in seen(app.history, app))


@key("mark")
async def _mark(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed, pressed)
    assert [Path(path).name for path in app.runs.marked] == NAMES[:2]
    assert "2 marked" in seen(app.history, app)
    assert "◂" in seen(app.history, app)
    await pilot.press("g", pressed)
    assert [Path(path).name for path in app.runs.marked] == NAMES[1:2]


@key("compare")
async def _compare(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert "mark 2 to 8 runs" in seen(app.history, app)
    await pilot.press("space", "space", pressed)
    await until(pilot, lambda: isinstance(app.screen, CompareScreen) and f"A docs/{NAMES[0]}" in seen(None, app))
    await pilot.press("escape")
    assert app.history.is_active


@key("lineage")
async def _lineage(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert isinstance(app.screen, LineageScreen)
    assert "lineage of 9 runs" in seen(None, app)
    await pilot.press("escape")
    assert app.history.is_active


@key("postmortem")
async def _postmortem(app: Host, pilot: Pilot[None], pressed: str) -> None:
    make_run(app.runs_dir, "20260201-000000-f", created=500.0, status="failed", reason="no luck", step=7)
    await pilot.press(pressed)
    assert f"nothing went wrong: {NAMES[0]} is stopped" in seen(app.history, app)
    app.history.on_screen_resume()
    await until(pilot, lambda: len(app.names()) == len(NAMES) + 1)
    await pilot.press("g", pressed)
    assert isinstance(app.screen, PostmortemScreen)
    await until(pilot, lambda: "✗ failed at step 7: no luck" in seen(None, app))
    await pilot.press("R")
    assert app.resumed == ["20260201-000000-f"]
    assert app.history.is_active


@key("edit")
async def _edit(app: Host, pilot: Pilot[None], pressed: str) -> None:
    """Where there is an editor: `test_edit`."""
    await pilot.press(pressed)
    assert "can't be edited from here" in seen(app.history, app)


@key("queue")
async def _queue(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    await until(pilot, lambda: app.queues_wanted == 1)


@key("resume")
async def _resume(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed, "enter")
    assert app.resumed == NAMES[:1]


@key("filter")
async def _filter(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed, "r", "3")
    assert app.names() == [NAMES[6]]


@key("sort")
async def _sort(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert isinstance(app.screen, PickDialog)


@key("sort_left")
async def _sort_left(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert "project▲" in seen(app.history, app)


@key("sort_right")
async def _sort_right(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert "steps▼" in seen(app.history, app)


@key("reverse")
async def _reverse(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert app.names() == NAMES[::-1]


@key("tags")
async def _tags(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed, *"Wide, #good", "enter")
    await pilot.pause()
    assert read_notes(app.runs_dir / "docs" / NAMES[0]).tags == ("wide", "good")
    assert "#wide #good" in seen(app.history, app)
    await pilot.press("slash", *"tag = good", "enter")
    assert app.names() == NAMES[:1]


@key("note")
async def _note(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed, *"worth it", "enter")
    await pilot.press("slash", *"note ~ WORTH", "enter")
    assert app.names() == NAMES[:1]
    await pilot.press("n", "ctrl+u", "escape", "slash", "escape")
    assert read_notes(app.runs_dir / "docs" / NAMES[0]).note == "worth it", "esc changes nothing"
    await pilot.press("n")
    app.screen.query_one(Input).value = ""
    await pilot.press("enter")
    await pilot.pause()
    assert not (app.runs_dir / "docs" / NAMES[0] / "notes.json").exists(), "nothing is noted any more"


@key("pin")
async def _pin(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press("end", pressed)
    assert app.names()[0] == NAMES[-1]
    await pilot.press("o")
    assert app.names()[0] == NAMES[-1], "whatever the order"
    await pilot.press("o", pressed)
    assert app.names() == NAMES


@key("archive")
async def _archive(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert app.names() == NAMES[1:]
    assert "archived; A lists it" in seen(app.history, app)
    await pilot.press("slash", *"archived = yes", "enter")
    assert app.names() == NAMES[:1]
    await pilot.press(pressed, "escape")
    assert app.names() == NAMES, "and back"


@key("archived")
async def _archived(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press("a", pressed)
    assert app.names() == NAMES
    await pilot.press(pressed)
    assert app.names() == NAMES[1:]


@key("delete")
async def _delete(app: Host, pilot: Pilot[None], pressed: str) -> None:
    before = app.names()
    await pilot.press("down", pressed, "enter")
    assert app.names() == before, "cancel is the first choice"
    await pilot.press(pressed, "escape", pressed)
    assert isinstance(app.screen, DeleteDialog)
    await pilot.press("x")
    await until(pilot, lambda: len(app.names()) == len(before) - 1)
    assert not (app.runs_dir / "docs" / before[1]).exists()
    assert [row.run for row in list_runs(app.runs_dir)] == [before[0], *before[2:]] == app.names()


def _move(keys: tuple[str, ...], place: int) -> KeyTest:
    async def test(app: Host, pilot: Pilot[None], pressed: str) -> None:
        await pilot.press(*keys, pressed)
        assert app.selected() == NAMES[place]

    return test


key("up")(_move(("down", "down"), 1))
key("down")(_move((), 1))
key("top")(_move(("end",), 0))
key("bottom")(_move((), -1))
key("page_down")(_move((), 4))
key("page_up")(_move(("end",), 4))


@key("back")
async def _back(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press("slash", "r", "3", pressed)
    assert app.names() == NAMES
    await pilot.press(pressed)
    assert app.history not in app.screen_stack


@key("help")
async def _help(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert isinstance(app.screen, HelpDialog)


@key("leave")
async def _leave(app: Host, pilot: Pilot[None], pressed: str) -> None:
    await pilot.press(pressed)
    assert app.history not in app.screen_stack


async def test_keys_typed_in_a_burst_are_taken_in_their_order(runs: Path) -> None:
    from textual import events

    app = Host(list_runs, runs)
    async with app.run_test(size=(120, 30)) as pilot:
        await loaded(pilot, app)
        for name in ("/", *"lr > 1 or r3", "enter", "o", "G"):
            app.post_message(events.Key(name, name if len(name) == 1 else None))
        await until(pilot, lambda: app.names() == [NAMES[6]])
        assert app.history.query_one(Input).value == "lr > 1 or r3"
        assert app.screen is app.history


async def test_keys_can_be_given_to_others(runs: Path) -> None:
    keys = Keys({"history_pin": "P", "history_delete": "p", "history_sort": "o"})
    assert keys.problems == [
        "ui.keys.history_sort: 'o' is already the key of history_reverse; give that one another key"
    ]
    app = Host(list_runs, runs)
    app.history = HistoryScreen(runs, lambda _: None, lambda _: None, keys=keys)
    async with app.run_test(size=(120, 30)) as pilot:
        await loaded(pilot, app)
        assert "P pin" in seen(app.history, app)
        await pilot.press("end", "P")
        assert app.names()[0] == NAMES[-1]
        await pilot.press("p")
        assert isinstance(app.screen, DeleteDialog)


async def test_a_run_that_others_were_branched_from_is_not_deleted_without_saying_so(runs: Path) -> None:
    make_run(runs, "20260201-000000-branch", created=99.5, parent=NAMES[0], status="running")
    make_run(runs, "20260202-000000-branch", created=99.4, parent=f"docs/{NAMES[0]}")
    app = Host(list_runs, runs)
    async with app.run_test(size=(120, 30)) as pilot:
        await loaded(pilot, app)
        await pilot.press("x")
        text = seen(None, app)
        assert "2 runs were branched from it" in text
        assert "20260201-000000-branch" in text
        await pilot.press("escape", "end", "x")
        assert "branched" not in seen(None, app)


async def test_a_run_that_goes_on_is_not_deleted(runs: Path) -> None:
    from msopt_tui.runs.lock import RunLock

    path = make_run(runs, "20260201-000000-live", created=500.0, status="running")
    with RunLock(path / "lock"):
        app = Host(list_runs, runs)
        async with app.run_test(size=(120, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("x")
            assert app.screen is app.history
            assert "is going on: stop it first" in seen(app.history, app)


async def test_a_folder_that_cannot_be_written_is_said(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from msopt_tui.ui.screens import history_notes

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(history_notes, "write_notes", fail)
    monkeypatch.setattr(history_notes, "delete_run", fail)
    app = Host(list_runs, runs)
    async with app.run_test(size=(160, 30)) as pilot:
        await loaded(pilot, app)
        await pilot.press("p")
        assert f"nothing noted of {NAMES[0]}: Permission denied" in seen(app.history, app)
        await pilot.press("x", "x")
        await until(pilot, lambda: "not deleted" in seen(app.history, app))
        assert app.names() == NAMES

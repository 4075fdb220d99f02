"""Editor, queue, and what history and cockpit ask, as text at two sizes; and a test that no screen is missing."""

from __future__ import annotations

import importlib
import math
import pkgutil
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot
from textual.screen import Screen

from msopt_tui.link.base import EngineLink
from msopt_tui.link.tail import JournalLink
from msopt_tui.protocol import events as ev
from msopt_tui.runs.project_file import ProjectFile
from msopt_tui.runs.queue_file import EntryStatus, QueueStore
from msopt_tui.ui import requests, screens
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.screens import edit_dialogs
from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.screens.history import HistoryScreen
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.screens.pick_many import PickManyDialog
from msopt_tui.ui.screens.run_view import Outcome, RunView
from msopt_tui.ui.screens.text_screen import TextScreen
from msopt_tui.ui.ways import Places, QueueDeeds, Ways
from tests.ui.cockpit import THEMES, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import scripted_run, waiting_run
from tests.ui.texts import RULE, SIZES, burst, shown, some_runs, still, until
from tests.unit.runs_maker import make_run

BASES = {KeyScreen, TextScreen, RunView, Dialog, edit_dialogs._Question}
"""What is never on a terminal itself."""
GOOD = """\
# Adapted from the sample.
[project]
name = "docs"

[[data.sources]]
kind = "python-topics"

[model]
hidden_size = 128
num_hidden_layers = 4

[train]
learning_rate = 1e-3
max_steps = 600
"""
WRONG = {
    "right": GOOD,
    "a problem": GOOD + 'optim = "adamm"\n',
    "many problems": "seed = 1\n" + GOOD + "".join(f"setting_{n} = {n}\n" for n in range(9)) + "[trian]\n",
    "no TOML": GOOD + "[evaluate\n",
    "empty": "",
}


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the folder is called, a screen reads the same."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def app_of(edit: Path | None = None, begin: EngineLink | None = None) -> CockpitApp:
    deeds = QueueDeeds(lambda store, _: store.read(), lambda _: None)
    ways = Ways(JournalLink, lambda _: FakeLink(), queue=deeds, start_project=lambda _: begin or FakeLink())
    return CockpitApp(None, edit=ProjectFile(edit) if edit else None, ways=ways, places=Places(Path("runs"), THEMES))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("what", WRONG)
async def test_the_editor(what: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    Path("project.toml").write_text(WRONG[what])
    app = app_of(Path("project.toml"))
    async with app.run_test(size=size) as pilot:
        await until(pilot, app, "✓ nothing wrong" if what == "right" else "✗ ")
        await burst(pilot, *["down"] * 9)
        assert await still(pilot, app) == snapshot


@pytest.mark.parametrize("size", SIZES)
async def test_what_the_editor_asks(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    path = Path("project.toml")
    path.write_text(GOOD)
    app = app_of(path)
    async with app.run_test(size=size) as pilot:
        await until(pilot, app, "✓ nothing wrong")
        await pilot.press("#", "escape")
        assert await still(pilot, app) == snapshot(name="not saved")
        await pilot.press("c")
        path.write_text(GOOD + "# theirs\n")
        await pilot.press("ctrl+s")
        assert await still(pilot, app) == snapshot(name="changed by others")
        await pilot.press("escape")
        path.unlink()
        await pilot.press("ctrl+s")
        assert await still(pilot, app) == snapshot(name="gone")


def queued(statuses: Iterable[EntryStatus]) -> None:
    """A queue of projects that are so far."""
    store = QueueStore(Path("runs"))
    for number, status in enumerate(statuses):
        name = f"projects/number-{number}.toml"
        arguments = ("train.learning_rate=1e-4",) if number == 1 else ()
        queue = store.change(lambda queue, name=name, arguments=arguments: queue.add(name, ".", "runs", arguments))  # type: ignore[misc]
        began = {"waiting": 0.0}.get(status, 1_000.0 + number)
        entry = msgspec.structs.replace(
            queue.entries[-1],
            status=status,
            began=began,
            ended=began + 100 * number if status in ("done", "failed") else 0.0,
            run=f"runs/docs/20260101-10000{number}-r" if status == "done" else "",
            exit_code=3 if status == "failed" else 0,
        )
        store.change(lambda queue, entry=entry: queue.put(entry))  # type: ignore[misc]


QUEUES: dict[str, tuple[list[EntryStatus], str]] = {
    "empty": ([], "Nothing is queued"),
    "waiting": (["waiting"] * 3, "nobody is at it"),
    "under way": (["done", "running", "waiting"], "1 running"),
    "after a failure": (["failed", "done", "failed", "waiting"], "2 failed"),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("what", QUEUES)
async def test_the_queue(
    what: str, size: tuple[int, int], snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("msopt_tui.ui.screens.queue.time.time", lambda: 5_000.0)
    statuses, words = QUEUES[what]
    queued(statuses)
    app = app_of()
    async with app.run_test(size=size) as pilot:
        await until(pilot, app, "No runs yet")
        await pilot.press("Q")
        await until(pilot, app, words)
        assert await still(pilot, app) == snapshot
        if what == "empty":
            await burst(pilot, "a", *"none.toml")
            await until(pilot, app, "does not exist")
            assert await still(pilot, app) == snapshot(name="add")


HISTORY: dict[str, tuple[str, tuple[str, ...]]] = {
    "delete": ("bravo", ("x",)),
    "delete what others were branched from": ("alpha", ("x",)),
    "export": ("bravo", ("e",)),
    "edit a file": ("echo", ("E",)),
    "resume": ("charlie", ("R",)),
    "died": ("golf", ("enter",)),
    "note": ("echo", ("n",)),
    "filter with a fault": ("echo", ("/", *"tag=wide or age<3x")),
}
"""By name: on which run, which keys."""


@pytest.mark.parametrize("size", SIZES)
async def test_what_the_history_asks(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    some_runs(Path("runs"))
    make_run(Path("runs"), "golf", created=70.0, step=90, status="died", checkpoint=60)
    going_on: dict[str, Any] = {"status": "running", "boot_id": "of another machine", "heartbeat": time.time()}
    for number in range(7):
        status = going_on if number == 3 else {}
        make_run(
            Path("runs"), f"branch-{number}", created=60.0 - number, parent="alpha", parent_step=10, step=20, **status
        )
    app = app_of()
    async with app.run_test(size=size) as pilot:
        await until(pilot, app, "alpha")
        for name, (run, keys) in HISTORY.items():
            await select(pilot, run)
            await burst(pilot, *keys)
            assert await still(pilot, app) == snapshot(name=name)
            await burst(pilot, "escape")


async def select(pilot: Pilot[Outcome], run: str) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, HistoryScreen)
    names = [row.run for row in screen.rows.rows]
    await burst(pilot, "g", *["down"] * names.index(run))


@pytest.mark.parametrize("size", SIZES)
async def test_what_the_cockpit_asks(
    size: tuple[int, int], snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long it takes here, what is said stays, and says nothing of the time.
    monkeypatch.setattr(requests, "SHOWN_SECONDS", math.inf)
    monkeypatch.setattr(requests, "SLOW_SECONDS", math.inf)
    make_run(Path("runs"), "other", project="python-docs", step=40, best_loss=2.0, status="stopped")
    link = FakeLink(waiting_run(), run_dir=Path("runs/python-docs/this"))
    async with started(link, make_app(link, can_detach=False), size=size) as ui:
        await ui.press("e")
        assert await still(ui.pilot, ui.app) == snapshot(name="edit a proposal")
        await ui.press("escape", "o")
        assert await still(ui.pilot, ui.app) == snapshot(name="a change of one's own")
        await ui.press("escape", "escape", "7", "/")
        await ui.type(*"phase -data")
        assert await still(ui.pilot, ui.app) == snapshot(name="filter the journal")
        await ui.press("escape", "M")
        await ui.type(*"none.txt", "enter")
        assert await still(ui.pilot, ui.app) == snapshot(name="measure what is not there")
        await ui.press("escape", "O")
        await ui.until(lambda: isinstance(ui.on_top(), PickManyDialog), "the other runs")
        assert await still(ui.pilot, ui.app) == snapshot(name="put runs over this one")
        await ui.press("escape", "q")
        assert await still(ui.pilot, ui.app) == snapshot(name="leave what ends with the screen")
        await ui.press("s", "q")
        assert await still(ui.pilot, ui.app) == snapshot(name="leave what is stopping")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("steers", [True, False], ids=["live", "read only"])
async def test_the_first_cockpit(steers: bool, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    # The engine of the one that is only looked at is heard of now.
    heard = ev.Noted(time=time.time(), level="info", text="")
    link = FakeLink(
        scripted_run(300) if steers else [*scripted_run(300), heard], status="live" if steers else "readonly"
    )
    app = CockpitApp(link, places=Places(themes=THEMES, hints=Path("state/hints-shown")))
    async with started(link, app, size=size) as ui:
        shown_lines = shown(ui.app).splitlines()
        assert "\n".join([*shown_lines[:6], *shown_lines[-1:]]) == snapshot


def test_every_screen_is_in_a_snapshot() -> None:
    """One that is new fails here until a text of it is taken."""
    found: set[type[Screen[object]]] = set()
    for module in pkgutil.iter_modules(screens.__path__, f"{screens.__name__}."):
        content = vars(importlib.import_module(module.name)).values()
        found |= {one for one in content if isinstance(one, type) and issubclass(one, Screen)}
    ours = {one.__name__ for one in found - BASES if one.__module__.startswith(screens.__name__)}
    texts = "".join(path.read_text() for path in (Path(__file__).parent / "__snapshots__").glob("*_texts.ambr"))
    assert len(ours) > 20
    assert ours - set(re.findall(rf"^ *{re.escape(RULE)}(\w+)$", texts, re.MULTILINE)) == set()

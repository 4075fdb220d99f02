"""Every screen, dialog and state at two sizes, as the text that is read there.

What looks wrong shows as a difference of lines. `pytest tests/ui/test_screen_texts.py --snapshot-update` takes the new
looks over, to be read in the commit.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from msopt_tui.link.tail import JournalLink
from msopt_tui.protocol import events as ev
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.ways import Places, Ways
from tests.ui.cockpit import THEMES, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import Script, ended_run, scripted_run, waiting_run
from tests.ui.stories import story_of
from tests.ui.texts import SIZES, shown, some_runs, until
from tests.unit.runs_maker import make_run

RUN = scripted_run(900)


def opening(count: int) -> list[ev.Event]:
    return list(Script().opening(600))[:count]


def paused() -> list[ev.Event]:
    return [*RUN, ev.Paused(time=RUN[-1].time, step=900, reason="asked by person")]


def evaluating() -> list[ev.Event]:
    at = RUN[-1].time
    started = ev.PhaseChanged(time=at, phase="evaluate", status="started", round=1, step=900)
    return [*RUN, started, ev.Progressed(time=at, phase="evaluate", done=120, total=400, unit="rows")]


STATES: dict[str, list[ev.Event]] = {
    "nothing yet": [],
    "preparing": opening(4),
    "running": RUN,
    "paused": paused(),
    "evaluating": evaluating(),
    "a proposal waits": waiting_run(),
    "completed": ended_run(),
    "failed": ended_run("failed", reason="RuntimeError: device-side assert"),
    "classes": story_of("classification"),
    "translation": story_of("translation"),
}
DIALOGS = {
    "adjust": "a",
    "leave": "q",
    "branch": "b",
    "roll back": "B",
    "measure a file": "M",
    "try a prompt": "t",
    "until": "u",
    "metric": "m",
    "over": "O",
    "keys": "?",
    "commands": ":",
}


HISTORY_DIALOGS = {"keys": "?", "sort": "s", "note": "n", "tags": "t", "lineage": "L"}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
async def test_the_cockpit(state: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with started(FakeLink(STATES[state]), size=size) as ui:
        assert shown(ui.app) == snapshot


@pytest.mark.parametrize("size", SIZES)
async def test_the_cockpit_without_its_engine(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    link = FakeLink(RUN)
    async with started(link, size=size) as ui:
        link.lose("the engine was ended by SIGKILL (out of memory?)")
        await ui.frame()
        assert shown(ui.app) == snapshot


@pytest.mark.parametrize("size", SIZES)
async def test_what_went_wrong(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Path("runs/docs/one")
    run.mkdir(parents=True)
    lines = ["Traceback (most recent call last):", '  File "train.py", line 3, in <module>', "RuntimeError: no room"]
    (run / "output.log").write_text("\n".join(["loading", *lines]) + "\n")
    link = FakeLink(ended_run("failed", reason="RuntimeError: no room"), run_dir=run)
    async with started(link, size=size) as ui:
        await ui.press("!")
        await ui.until(lambda: "no room" in ui.text() and ui.on_top() is not ui.screen, "the log to be read")
        assert shown(ui.app) == snapshot


@pytest.mark.parametrize("size", SIZES)
async def test_dialogs(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    link = FakeLink(RUN)
    async with started(link, make_app(link, branch_run=lambda *_: FakeLink()), size=size) as ui:
        for name, key in DIALOGS.items():
            await ui.press(key)
            await ui.frame()
            assert name == "over" or ui.on_top() is not ui.screen, f"{name} has opened"
            assert shown(ui.app) == snapshot(name=name)
            await ui.press("escape")
            await ui.frame()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("story", ["classification", "translation", "language"])
async def test_the_data_of_a_run(story: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    events = RUN if story == "language" else story_of(story)
    async with started(FakeLink(events), size=size) as ui:
        await ui.press("D")
        await ui.frame()
        assert shown(ui.app) == snapshot


@pytest.mark.parametrize("size", SIZES)
async def test_the_history(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(tmp_path)
    some_runs(Path("runs"))
    app = CockpitApp(None, ways=Ways(JournalLink), places=Places(Path("runs"), THEMES))
    async with app.run_test(size=size) as pilot:
        await until(pilot, app, "echo")
        assert shown(app) == snapshot(name="list")
        for name, keys in HISTORY_DIALOGS.items():
            await pilot.press(keys)
            await pilot.pause()
            assert shown(app) == snapshot(name=name)
            await pilot.press("escape")
            await pilot.pause()
        await pilot.press("/", *"best_loss<1.3")
        await until(pilot, app, "2 of 6")
        assert shown(app) == snapshot(name="filtered")


@pytest.mark.parametrize("size", SIZES)
async def test_a_history_without_runs(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(tmp_path)
    app = CockpitApp(None, ways=Ways(JournalLink), places=Places(Path("runs"), THEMES))
    async with app.run_test(size=size) as pilot:
        await until(pilot, app, "no runs")
        assert shown(app) == snapshot


@pytest.mark.parametrize("size", SIZES)
async def test_runs_compared(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, seed in (("one", 1), ("two", 2)):
        path = make_run(Path("runs"), name, step=600)
        with closing(JournalWriter(path / "events.jsonl")) as writer:
            writer.append(scripted_run(600, seed=seed))
    app = CockpitApp(None, ways=Ways(JournalLink), places=Places(Path("runs"), THEMES))
    async with app.run_test(size=size) as pilot:
        await until(pilot, app, "two")
        await pilot.press("space", "space", "d")
        await until(pilot, app, "settings that differ")
        assert shown(app) == snapshot

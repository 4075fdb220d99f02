"""The queue's screen: every key, what others change meanwhile, a damaged file, and a real one from end to end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import Popen

import msgspec
import pytest
from textual.widgets import Input

from msopt_tui.runs.queue_file import Queue, QueueStore
from msopt_tui.runs.record import RunMeta, write_meta
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.keys import BY_ID
from msopt_tui.ui.queue_keys import QUEUE
from msopt_tui.ui.screens.cockpit import CockpitScreen
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.screens.history import HistoryScreen
from msopt_tui.ui.screens.queue import QueueScreen
from msopt_tui.ui.ways import Places, QueueDeeds, Ways
from tests.ui.cockpit import THEMES, Cockpit
from tests.ui.fake_link import FakeLink
from tests.ui.key_tests import KeyTests
from tests.ui.scripted import scripted_run
from tests.unit.runs_maker import make_run

GOOD = '[[data.sources]]\nkind = "python-topics"\n'


class Watched(Cockpit):
    """A queue's screen in a test's hands."""

    def __init__(self, runs_dir: Path) -> None:
        self.store = QueueStore(runs_dir)
        self.worked: list[Path] = []
        deeds = QueueDeeds(self._add, self._work)
        app = CockpitApp(
            None,
            ways=Ways(lambda path: FakeLink(scripted_run(20), run_dir=path), queue=deeds),
            places=Places(runs_dir, THEMES),
        )
        super().__init__(app, None, FakeLink())  # type: ignore[arg-type]  # the pilot comes with the app's start

    def _add(self, store: QueueStore, path: Path) -> Queue:
        return store.change(lambda queue: queue.add(str(path), "/", str(store.path.parent)))

    def _work(self, runs_dir: Path) -> Popen[bytes] | None:
        self.worked.append(runs_dir)
        return None

    def order(self) -> list[str]:
        """As in the file: name and status."""
        return [f"{Path(one.project).stem} {one.status}" for one in self.store.read().entries]

    async def ordered(self, *wanted: str) -> None:
        await self.until(lambda: self.order() == list(wanted), f"{wanted}, not {self.order()}")
        letters = [one[0] for one in wanted]
        await self.until(lambda: [line.partition(".toml")[0][-1] for line in self.lines()] == letters, "the screen")

    def lines(self) -> list[str]:
        return [line for line in self.text().splitlines()[1:-5] if ".toml" in line]

    def cursor(self) -> str:
        return next(line for line in self.lines() if line.startswith("▸")).split("/")[-1].split()[0]


@asynccontextmanager
async def watching(tmp_path: Path, *names: str) -> AsyncIterator[Watched]:
    """The queue of these projects, opened from the history."""
    ui = Watched(tmp_path / "runs")
    for name in names:
        ui.store.change(lambda queue, name=name: queue.add(str(tmp_path / name), "/", str(tmp_path / "runs")))  # type: ignore[misc]
    async with ui.app.run_test(size=(100, 24)) as pilot:
        ui.pilot = pilot
        await ui.press("Q")
        await ui.until(lambda: "reading" not in ui.row(0) and "queue" in ui.row(0), "the queue")
        yield ui


KeyTest = Callable[[Path, str], Awaitable[None]]
key = KeyTests[KeyTest]("queue_")


@pytest.mark.parametrize("action_id", [action.id for action in QUEUE])
async def test_every_key_of_the_queue_does_what_it_says(action_id: str, tmp_path: Path) -> None:
    test = key[action_id]
    for number, pressed in enumerate(BY_ID[action_id].keys):
        folder = tmp_path / str(number)
        folder.mkdir()
        await test(folder, pressed)


@key("open")
async def _open(folder: Path, pressed: str) -> None:
    async with watching(folder, "a.toml") as ui:
        await ui.press(pressed)
        assert "no run to open: its turn has not come" in ui.row(-1)
        begun = ui.store.take(ui.store.worker_lock())
        assert begun is not None
        run = make_run(folder / "runs", "20260101-000000-r", status="running")
        meta = RunMeta(run=run.name, project="docs", created=begun.began, project_file=begun.project)
        write_meta(run / "meta.json", meta)
        await ui.until(lambda: "run 20260101-000000-r" in ui.text(), "what is under way")
        await ui.press(pressed)
        screen = ui.on_top()
        assert isinstance(screen, CockpitScreen)
        assert screen.feed.run_dir == run


@key("add")
async def _add(folder: Path, pressed: str) -> None:
    (folder / "g.toml").write_text(GOOD)
    (folder / "bad.toml").write_text(GOOD + "kin = 1\n")
    async with watching(folder) as ui:
        assert "Nothing is queued." in ui.text()
        await ui.press(pressed)
        ui.on_top().query_one(Input).value = str(folder / "bad.toml")
        await ui.press("enter")
        assert "bad.toml:3: data.sources.kin: unknown key" in ui.text()
        ui.on_top().query_one(Input).value = str(folder / "g.toml")
        await ui.press("enter")
        await ui.ordered("g waiting")
        await ui.until(lambda: "g.toml added" in ui.row(-1), "the answer")
        assert ui.worked == [folder / "runs"], "and somebody is at it"


@key("remove")
async def _remove(folder: Path, pressed: str) -> None:
    async with watching(folder, "a.toml", "b.toml") as ui:
        ui.store.take(ui.store.worker_lock())
        await ui.press(pressed)
        await ui.until(lambda: "it is under way: open its run" in ui.row(-1), "the refusal")
        await ui.press("down", pressed)
        await ui.ordered("a running")


@key("earlier")
async def _earlier(folder: Path, pressed: str) -> None:
    async with watching(folder, "a.toml", "b.toml", "c.toml") as ui:
        await ui.press("down", "down", pressed)
        await ui.ordered("a waiting", "c waiting", "b waiting")
        assert ui.cursor() == "c.toml", "the cursor goes along"
        await ui.type(pressed, pressed)
        await ui.ordered("c waiting", "a waiting", "b waiting")


@key("later")
async def _later(folder: Path, pressed: str) -> None:
    async with watching(folder, "a.toml", "b.toml") as ui:
        await ui.press(pressed)
        await ui.ordered("b waiting", "a waiting")


@key("again")
async def _again(folder: Path, pressed: str) -> None:
    async with watching(folder, "a.toml") as ui:
        await ui.press(pressed)
        await ui.until(lambda: "it is waiting: nothing to do again" in ui.row(-1), "the refusal")
        ui.store.change(
            lambda queue: queue.put(msgspec.structs.replace(queue.entries[0], status="failed", exit_code=3))
        )
        await ui.until(lambda: "exit code 3" in ui.text(), "the failure")
        assert "it made no run; what it said is in" in ui.text()
        await ui.press(pressed)
        await ui.ordered("a failed", "a waiting")
        await ui.until(lambda: ui.worked == [folder / "runs"], "a worker")


@key("work")
async def _work(folder: Path, pressed: str) -> None:
    async with watching(folder, "a.toml") as ui:
        assert "nobody is at it: w goes on" in ui.row(0)
        await ui.press(pressed)
        await ui.until(lambda: ui.worked == [folder / "runs"], "a worker")
        with ui.store.worker_lock():
            await ui.until(lambda: "worked off in the background" in ui.row(0), "what the lock says")


@key("up")
async def _up(folder: Path, pressed: str) -> None:
    async with watching(folder, "a.toml", "b.toml") as ui:
        await ui.press("down", pressed, pressed)
        assert ui.cursor() == "a.toml"


@key("down")
async def _down(folder: Path, pressed: str) -> None:
    async with watching(folder, *(f"{name}.toml" for name in "abcdefghijklmnopqrstuvwxyz")) as ui:
        await ui.type(*[pressed] * 30)
        assert ui.cursor() == "z.toml", "and it stays in view"


@key("help")
async def _help(folder: Path, pressed: str) -> None:
    async with watching(folder) as ui:
        await ui.press(pressed)
        assert isinstance(ui.on_top(), HelpDialog)


@key("back")
async def _back(folder: Path, pressed: str) -> None:
    async with watching(folder) as ui:
        assert isinstance(ui.on_top(), QueueScreen)
        await ui.press(pressed)
        assert isinstance(ui.on_top(), HistoryScreen)


async def test_a_damaged_file_is_named_and_the_queue_read_again_once_it_is_gone(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/queue.json").write_text("{")
    async with watching(tmp_path) as ui:
        await ui.until(lambda: "queue.json is damaged" in ui.row(0), "the fault")
        (tmp_path / "runs/queue.json").unlink()
        await ui.until(lambda: "Nothing is queued." in ui.text(), "the next reading")


async def test_foreign_text_is_text(tmp_path: Path) -> None:
    async with watching(tmp_path, "\x1b[2J[red].toml") as ui:
        assert "\x1b" not in ui.text()
        assert "[red]" in ui.text()

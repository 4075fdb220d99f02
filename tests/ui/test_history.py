"""The history screen: read in the background, sorted, filtered, opened, resumed; foreign text stays text."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from msopt_tui.runs.query import Listing, QueryError
from msopt_tui.runs.record import RunRecord
from msopt_tui.runs.row import RunRow, row_of
from msopt_tui.runs.values import resolve
from msopt_tui.ui.screens import history as module
from msopt_tui.ui.screens.history import HistoryScreen
from msopt_tui.ui.screens.history_columns import COLUMNS, column_at, layout, local_time, row_words
from msopt_tui.ui.screens.history_loader import Loader
from msopt_tui.ui.screens.history_resume import ResumeDialog, resume_point
from msopt_tui.ui.screens.history_rows import RunRows, RunsHeader
from msopt_tui.ui.screens.history_sort import sort_keys
from msopt_tui.ui.screens.history_words import fault_words, title_words
from msopt_tui.ui.screens.key_screen import KeyScreen
from msopt_tui.ui.theme import ThemeFile
from msopt_tui.ui.widgets.lines import words_length
from tests.unit.runs_maker import make_run

RUNS = Path("runs")


def row(name: str, **values: object) -> RunRow:
    defaults: dict[str, object] = {"run": name, "project": "docs", "status": "completed", "created": 1.78e9}
    return row_of(f"/runs/docs/{name}", RunRecord(**(defaults | values)))  # type: ignore[arg-type]


ROWS = [
    row("delta", created=400.0, step=1, best_loss=3.0, status="running"),
    row("charlie", created=300.0, step=40, best_loss=None, status="died", checkpoint=30),
    row("bravo", created=200.0, step=30, best_loss=1.0, best_step=20, status="failed", reason="out of memory"),
    row("alpha", created=100.0, step=20, best_loss=2.0, project="[red]x[/] \x1b[2J", description="first"),
]


class Host(App[None]):
    """A tiny app around the screen."""

    CSS_PATH = None

    def __init__(self, load: Callable[[Path], Sequence[RunRow]], runs_dir: Path = RUNS, *, alone: bool = False) -> None:
        super().__init__()
        self.alone = alone
        self.runs_dir = runs_dir
        self.theme_file = ThemeFile()
        self.register_theme(self.theme_file.textual())
        self.theme = self.theme_file.name
        self.opened: list[str] = []
        self.resumed: list[str] = []
        self.queues_wanted = 0
        self.history = HistoryScreen(
            runs_dir, lambda path: self.opened.append(path.name), lambda path: self.resumed.append(path.name), load=load
        )

    def get_default_screen(self) -> Screen[None]:
        return self.history if self.alone else super().get_default_screen()

    def on_mount(self) -> None:
        if not self.alone:
            self.push_screen(self.history)

    def on_queue_wanted(self) -> None:
        self.queues_wanted += 1

    @property
    def runs(self) -> RunRows:
        return self.history.query_one(RunRows)

    async def on_event(self, event: events.Event) -> None:
        """As `CockpitApp` does."""
        if isinstance(event, events.Key) and isinstance(self.screen, KeyScreen) and self.screen.press(event):
            return
        await super().on_event(event)

    def names(self) -> list[str]:
        return [one.run for one in self.runs.rows]

    def selected(self) -> str:
        assert self.runs.selected is not None
        return self.runs.selected.run


def seen(screen: Screen[None] | None, app: App[None]) -> str:
    strips = (screen or app.screen)._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Wait for the background thread, not for a time."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        await pilot.pause(0.01)
    await pilot.pause()


async def loaded(pilot: Pilot[None], app: Host) -> None:
    await until(pilot, lambda: bool(app.runs.rows))


class TestList:
    async def test_the_newest_is_at_the_top_and_selected(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            assert app.names() == ["delta", "charlie", "bravo", "alpha"]
            assert app.selected() == "delta"
            text = seen(app.history, app)
            assert "4 runs in runs/" in text
            assert "● running" in text
            assert "† died" in text

    async def test_moving(self) -> None:
        rows = [row(f"r{number:03}", created=1000.0 - number) for number in range(100)]
        app = Host(lambda path: rows)
        async with app.run_test(size=(100, 20)) as pilot:
            await loaded(pilot, app)
            places = []
            for key in ("down", "j", "up", "end", "down", "k", "home", "k", "pagedown", "G", "pageup", "g"):
                await pilot.press(key)
                places.append(int(app.selected()[1:]))
                assert app.selected() in seen(app.history, app), "what is selected is in view"
            page = places[8]
            assert places == [1, 2, 1, 99, 99, 98, 0, 0, page, 99, 99 - page, 0]
            assert page > 5

    async def test_the_mouse_selects_and_opens(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(120, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.click(RunRows, offset=(5, 2))
            assert (app.selected(), app.opened) == ("bravo", [])
            await pilot.click(RunRows, offset=(5, 20))
            assert app.selected() == "bravo"
            await pilot.click(RunRows, offset=(5, 3), times=2)
            assert app.opened == ["alpha"]

    async def test_foreign_text_is_text(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("G")
            text = seen(app.history, app)
            assert "[red]x[/]" in text
            assert "\x1b" not in text

    @pytest.mark.parametrize("size", [(20, 5), (80, 24), (120, 36), (160, 45), (300, 90), (1, 1)])
    async def test_every_size(self, size: tuple[int, int]) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=size) as pilot:
            await loaded(pilot, app)
            await pilot.press("down", "right", "o")
            await pilot.resize_terminal(80, 24)
            await pilot.pause()
            assert app.selected() in seen(app.history, app)


class TestSorting:
    async def test_by_keys(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("right")
            assert app.names() == ["charlie", "bravo", "alpha", "delta"], "most steps first"
            await pilot.press("o")
            assert app.names() == ["delta", "alpha", "bravo", "charlie"]
            assert "steps▲" in seen(app.history, app)
            await pilot.press("right", "right")
            assert app.names() == ["bravo", "alpha", "delta", "charlie"], "best loss first, none last"
            await pilot.press("o")
            assert app.names() == ["delta", "alpha", "bravo", "charlie"]

    async def test_columns_that_are_folded_away_are_passed_over(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(80, 24)) as pilot:
            await loaded(pilot, app)
            titles = []
            for _ in range(len(COLUMNS)):
                await pilot.press("right")
                titles.append(next(word for word in seen(app.history, app).split() if word[-1] in "▲▼"))
            assert "rounds▼" not in titles
            assert titles[0] == titles[5], "round and round"

    async def test_by_the_mouse(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.click(RunsHeader, offset=(16, 0))
            assert app.names() == ["alpha", "bravo", "charlie", "delta"]
            await pilot.click(RunsHeader, offset=(16, 0))
            assert app.names() == ["delta", "charlie", "bravo", "alpha"]

    async def test_the_cursor_stays_on_its_run(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("down", "down")
            assert app.selected() == "bravo"
            await pilot.press("o")
            assert app.selected() == "bravo"


class TestFilter:
    async def test_words_comparisons_and_back(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("slash", *"memory")
            assert app.names() == ["bravo"]
            assert "1 of 4 runs" in seen(app.history, app)
            await pilot.press("enter")
            assert app.names() == ["bravo"], "enter keeps the filter"
            assert app.opened == [], "and opens nothing"
            await pilot.press("enter")
            assert app.resumed + app.opened == ["bravo"]
            await pilot.press("escape")
            assert len(app.names()) == 4
            assert app.screen is app.history
            await pilot.press("slash", *"best_loss<2.5", "enter", "o")
            assert app.names() == ["alpha", "bravo"]

    async def test_letters_in_the_field_are_letters(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("slash", *"qohRg")
            assert app.history.query_one("#filter").value == "qohRg"  # type: ignore[attr-defined]
            assert app.screen is app.history
            assert app.names() == []
            await pilot.press("enter", "enter", "R", "down", "G", "right")
            assert app.opened == []

    async def test_nothing_matches(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("slash", *"zzz")
            assert "0 of 4 runs" in seen(app.history, app)

    async def test_what_cannot_be_read_is_said_under_its_place_and_the_list_stays(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(100, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("slash", *"val_loss < 2.5")
            assert app.names() == ["bravo", "alpha"]
            assert "age < 3d" in seen(app.history, app), "a hint where nothing is wrong"
            await pilot.press(*" and (")
            assert app.names() == ["bravo", "alpha"]
            line, fault = seen(app.history, app).splitlines()[1:3]
            assert line.startswith(" val_loss < 2.5 and (")
            assert fault.startswith(" " * 21 + "▲ a word or a comparison is missing here")
            await pilot.press("escape")
            assert len(app.names()) == 4
            assert "▲ a word" not in seen(app.history, app)

    @given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 200))
    def test_a_fault_fits_its_line(self, at: int, cursor: int, width: int) -> None:
        words = fault_words(QueryError("a value is missing after <", at), "x" * 200, cursor, width)
        assert words_length(words) <= max(width, 45)
        assert "a value is missing" in "".join(text for text, _ in words)


class TestSortKey:
    ROWS = (
        row("a", created=3.0, settings={"train.learning_rate": 1e-3, "task.name": "translation"}),
        row("b", created=2.0, settings={"train.learning_rate": 1e-4}, metrics={"accuracy": 0.5}),
        row("c", created=1.0, settings={"train.learning_rate": 1e-2}, metrics={"accuracy": 0.25}),
    )

    async def test_any_setting_is_found_by_a_part_of_its_name_and_gets_a_column(self) -> None:
        app = Host(lambda path: self.ROWS)
        async with app.run_test(size=(80, 24)) as pilot:
            await loaded(pilot, app)
            await pilot.press("s", *"learn", "enter")
            assert app.names() == ["b", "a", "c"]
            assert "learning_rate▲" in seen(app.history, app)
            assert "1.00e-4" in seen(app.history, app)
            await pilot.press("o")
            assert app.names() == ["c", "a", "b"]
            await pilot.press("right")
            assert "learning_rate" not in seen(app.history, app), "the column goes with the order"

    async def test_moving_and_leaving(self) -> None:
        app = Host(lambda path: self.ROWS)
        async with app.run_test(size=(80, 24)) as pilot:
            await loaded(pilot, app)
            await pilot.press("s", "escape")
            assert app.names() == ["a", "b", "c"]
            await pilot.press("s", *"zzz", "down", "enter")
            assert "nothing has that name" in seen(None, app)
            await pilot.press("escape", "s", *"a", "down", "up", "pagedown", "pageup", "end", "enter")
            assert app.screen is app.history

    async def test_by_the_mouse(self) -> None:
        app = Host(lambda path: self.ROWS)
        async with app.run_test(size=(80, 24)) as pilot:
            await loaded(pilot, app)
            await pilot.press("s", *"accuracy")
            lines = seen(None, app).splitlines()
            y = next(y for y, line in enumerate(lines) if "▸ accuracy" in line)
            await pilot.click(offset=(lines[y].index("accuracy"), y))
            assert app.screen is app.history
            assert app.names() == ["c", "b", "a"]

    def test_what_is_offered(self) -> None:
        keys = sort_keys(self.ROWS)
        assert len(keys) == len(set(keys))
        assert {"status", "best_loss", "accuracy", "train.learning_rate", "task.name", "updated"} <= set(keys)
        assert all(resolve(key) == key for key in keys)


class TestOpening:
    async def open_with(self, *keys: str) -> tuple[Host, bool]:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(120, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press(*keys)
            await pilot.pause()
            return app, isinstance(app.screen, ResumeDialog)

    async def test_a_run_that_goes_on_is_opened(self) -> None:
        app, asked = await self.open_with("enter")
        assert (app.opened, app.resumed, asked) == (["delta"], [], False)

    @pytest.mark.parametrize(
        ("keys", "opened", "resumed"),
        [
            (("enter",), ["charlie"], []),
            (("r",), [], ["charlie"]),
            (("down", "enter"), [], ["charlie"]),
            (("escape",), [], []),
            (("c",), [], []),
        ],
    )
    async def test_for_one_that_died_it_asks(
        self, keys: tuple[str, ...], opened: list[str], resumed: list[str]
    ) -> None:
        app, asked = await self.open_with("down", "enter", *keys)
        assert not asked
        assert (app.opened, app.resumed) == (opened, resumed)

    async def test_the_question_says_where_it_would_go_on(self) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(120, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("down", "R")
            await pilot.pause()
            assert isinstance(app.screen, ResumeDialog)
            assert "from checkpoint 30, doing 10 steps again" in seen(None, app)
            await pilot.press("enter")
            await pilot.pause()
            assert app.resumed == ["charlie"], "here resuming is what was meant"

    async def test_one_that_failed_is_opened_and_can_be_resumed(self) -> None:
        app, _ = await self.open_with("down", "down", "enter")
        assert app.opened == ["bravo"]
        app, asked = await self.open_with("down", "down", "R")
        assert (app.opened, asked) == ([], True)

    @pytest.mark.parametrize(("keys", "words"), [(("R",), "is going on"), (("G", "R"), "is through")])
    async def test_what_cannot_be_resumed_says_why(self, keys: tuple[str, ...], words: str) -> None:
        app = Host(lambda path: ROWS)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press(*keys)
            assert words in seen(app.history, app)
            await pilot.press("down")
            assert words not in seen(app.history, app)
            assert app.resumed == []

    @pytest.mark.parametrize("key", ["escape", "q", "h", "f2"])
    async def test_leaving(self, key: str) -> None:
        app, _ = await self.open_with(key)
        assert app.history not in app.screen_stack

    async def test_leaving_where_it_is_the_only_screen(self) -> None:
        app = Host(lambda path: ROWS, alone=True)
        async with app.run_test() as pilot:
            await loaded(pilot, app)
            await pilot.press("q")
            await until(pilot, lambda: not app.is_running)


class TestBackground:
    async def test_keys_work_while_a_slow_disk_is_read(self) -> None:
        gate = threading.Event()

        def load(path: Path) -> list[RunRow]:
            gate.wait(10)
            return ROWS

        app = Host(load)
        async with app.run_test(size=(120, 30)) as pilot:
            assert "reading the runs" in seen(app.history, app)
            await pilot.press("down", "enter", "R", "o", "slash", "b", "r")
            assert app.opened == []
            gate.set()
            await loaded(pilot, app)
            assert app.names() == ["bravo"], "what was typed meanwhile counts"

    async def test_leaving_does_not_wait_for_the_disk(self) -> None:
        gate = threading.Event()
        app = Host(lambda path: [] if gate.wait(10) else ROWS)
        begun = time.monotonic()
        async with app.run_test() as pilot:
            await pilot.press("q")
        assert time.monotonic() - begun < 5
        gate.set()

    async def test_no_runs_yet(self) -> None:
        app = Host(lambda path: [])
        async with app.run_test(size=(120, 30)) as pilot:
            await until(pilot, lambda: "no runs in runs/ yet" in seen(app.history, app))
            await pilot.press("enter", "R", "down", "right", "G", "o")

    async def test_what_goes_wrong_is_said_and_the_next_reading_may_do_better(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "REFRESH_SECONDS", 0.05)
        answer: list[RunRow] | OSError = OSError("the disk is [bold]gone")

        def load(path: Path) -> list[RunRow]:
            if isinstance(answer, OSError):
                raise answer
            return answer

        app = Host(load)
        async with app.run_test(size=(120, 30)) as pilot:
            await until(pilot, lambda: "the disk is [bold]gone" in seen(app.history, app))
            answer = ROWS
            await until(pilot, lambda: len(app.names()) == 4)
            answer = OSError("again")
            await until(pilot, lambda: "again" in seen(app.history, app))
            assert len(app.names()) == 4, "what was read before stays"
            answer = ROWS[:1]
            await until(pilot, lambda: len(app.names()) == 1)
            assert "again" not in seen(app.history, app)

    async def test_it_follows_the_runs_without_moving_the_cursor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "REFRESH_SECONDS", 0.02)
        rows = list(ROWS)
        app = Host(lambda path: list(rows))
        async with app.run_test(size=(120, 30)) as pilot:
            await loaded(pilot, app)
            await pilot.press("down")
            rows.insert(0, row("echo", created=500.0, status="running"))
            await until(pilot, lambda: len(app.names()) == 5)
            assert app.selected() == "charlie"
            del rows[2]
            await until(pilot, lambda: len(app.names()) == 4)
            assert app.selected() == "bravo", "the one that took its place"

    async def test_it_rests_while_another_screen_is_on_top(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "REFRESH_SECONDS", 0.01)
        readings: list[int] = []

        def load(path: Path) -> list[RunRow]:
            readings.append(1)
            return ROWS

        app = Host(load)
        async with app.run_test(size=(120, 30)) as pilot:
            await until(pilot, lambda: len(readings) > 2)
            app.push_screen(Screen())
            await until(pilot, lambda: not app.history.is_active and not app.history._loader.busy)
            before = len(readings)
            await pilot.pause(0.2)
            assert len(readings) == before
            app.pop_screen()
            await until(pilot, lambda: len(readings) > before)

    async def test_with_real_runs(self, tmp_path: Path) -> None:
        from msopt_tui.runs.history import list_runs

        make_run(tmp_path, "20260101-000000-a", created=100.0, status="running", best_loss=2.5)
        make_run(tmp_path, "20260102-000000-b", "other", created=200.0)
        app = Host(list_runs, tmp_path)
        async with app.run_test(size=(160, 30)) as pilot:
            await loaded(pilot, app)
            assert app.names() == ["20260102-000000-b", "20260101-000000-a"]
            assert "† died" in seen(app.history, app)

    def test_one_reading_at_a_time(self) -> None:
        gate, readings = threading.Event(), []

        def load() -> list[RunRow]:
            readings.append(1)
            gate.wait(10)
            return ROWS

        loader = Loader(load)
        for _ in range(5):
            loader.start()
        assert loader.busy
        assert loader.result() is None
        gate.set()
        while (result := loader.result()) is None:
            time.sleep(0.001)
        assert (readings, result.error, len(result.listing.rows)) == ([1], "", 4)
        assert not loader.busy


class TestColumns:
    @given(st.integers(0, 320))
    def test_lines_are_as_wide_as_they_should_be(self, width: int) -> None:
        shown = layout(width)
        words = row_words(
            row("日本語" * 40, project="\x1b[31m[b]x" * 30, step=10**12, best_loss=1e-9), shown, cursor=False
        )
        least = sum(column.width + 1 for column in COLUMNS if not column.folds)
        assert words_length(words) <= max(width, least)
        assert words_length(words) == sum(cells + 1 for _, cells in shown)
        assert all("\x1b" not in text for text, _ in words)

    def test_all_of_them_where_there_is_room(self) -> None:
        assert [column for column, _ in layout(140)] == list(COLUMNS)
        assert [column.key for column, _ in layout(80)] == ["status", "run", "created", "step", "best_loss"]

    def test_the_column_under_the_pointer(self) -> None:
        shown = layout(140)
        assert [column_at(shown, x) for x in (0, 12, 13, 1000)] == ["status", "status", "run", None]

    @pytest.mark.parametrize("when", [0.0, -1.0, 1e300, float("inf"), float("nan")])
    def test_what_is_no_time(self, when: float) -> None:
        assert local_time(when) == "–"

    def test_where_a_run_goes_on(self) -> None:
        assert resume_point(row("a", step=5)) == "from the beginning: there is no checkpoint"
        assert resume_point(row("a", step=5, checkpoint=5)) == "from checkpoint 5"

    def test_titles(self) -> None:
        def text(listing: Listing | None, shown: int, error: str = "") -> str:
            return "".join(word for word, _ in title_words(RUNS, listing, shown, error))

        assert "reading" in text(None, 0)
        assert "4 runs" in text(Listing(ROWS), 4)
        assert "2 of 4 runs" in text(Listing(ROWS), 2)
        assert "can't be read: no" in text(Listing(ROWS), 4, "no")

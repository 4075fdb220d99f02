"""The editor of project files: every key, live checks, saving over others' work, starting, hostile text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from msopt_tui import cli
from msopt_tui.config.at_line import help_of, key_at
from msopt_tui.link.base import EngineLink
from msopt_tui.runs.project_file import ProjectFile
from msopt_tui.runs.record import RunMeta, write_meta
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.editor_keys import EDITOR
from msopt_tui.ui.keys import BY_ID
from msopt_tui.ui.screens.cockpit import CockpitScreen
from msopt_tui.ui.screens.edit import EditScreen
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.ways import Places, Ways
from msopt_tui.ui.widgets.toml_area import TomlArea, spans
from tests.ui.cockpit import THEMES, Cockpit, started
from tests.ui.fake_link import FakeLink
from tests.ui.key_tests import KeyTests
from tests.ui.scripted import scripted_run
from tests.unit.runs_maker import make_run

GOOD = """\
[project]
name = "docs" # mine

[[data.sources]]
kind = "python-topics"

[train]
learning_rate = 1e-3
"""
BAD = GOOD + 'learning_rat = 2\noptim = "adamm"\n'


class Editor(Cockpit):
    """An editor in a test's hands."""

    @property
    def area(self) -> TomlArea:
        return self.app.screen_stack[0].query_one(TomlArea)

    @property
    def editor(self) -> EditScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, EditScreen)
        return screen

    async def checked(self, words: str) -> None:
        await self.until(lambda: words in self.row(0), words)


@asynccontextmanager
async def editing(
    path: Path, size: tuple[int, int] = (80, 24), start: Callable[[Path], EngineLink] | None = None
) -> AsyncIterator[Editor]:
    app = CockpitApp(None, edit=ProjectFile(path), ways=Ways(start_project=start), places=Places(path.parent, THEMES))
    async with app.run_test(size=size) as pilot:
        ui = Editor(app, pilot, FakeLink())
        await ui.until(lambda: "✓" in ui.row(0) or "✗" in ui.row(0), "the first check")
        yield ui


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "project.toml"
    path.write_text(GOOD)
    return path


KeyTest = Callable[[Path, str], Awaitable[None]]
key = KeyTests[KeyTest]("editor_")


@pytest.mark.parametrize("action_id", [action.id for action in EDITOR])
async def test_every_key_of_the_editor_does_what_it_says(action_id: str, project: Path) -> None:
    test = key[action_id]
    for pressed in BY_ID[action_id].keys:
        project.write_text(GOOD)
        await test(project, pressed)


@key("save")
async def _save(path: Path, pressed: str) -> None:
    path.chmod(0o640)
    link = path.with_name("link.toml")
    link.symlink_to(path)
    async with editing(link) as ui:
        await ui.press("enter", "up", *"# é")
        assert "● not saved" in ui.row(0)
        await ui.press(pressed)
        assert "saved" in ui.row(-1)
        assert "not saved" not in ui.row(0)
    assert path.read_text() == "# é\n" + GOOD
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()


@key("start")
async def _start(path: Path, pressed: str) -> None:
    begun: list[str] = []

    def start(project: Path) -> EngineLink:
        begun.append(project.read_text())
        return FakeLink(scripted_run(20))

    async with editing(path, start=start) as ui:
        await ui.press("enter", "up", *"oops", pressed)
        assert begun == []
        assert "not started: 1 problem" in ui.row(-1)
        await ui.press("#", pressed)
        await ui.until(lambda: isinstance(ui.on_top(), CockpitScreen), "the run")
        assert begun == ["#oops\n" + GOOD], "what is started is what was typed"


@key("next_problem")
async def _next_problem(path: Path, pressed: str) -> None:
    path.write_text(BAD)
    async with editing(path) as ui:
        assert "✗ 2 problems" in ui.row(0)
        await ui.until(lambda: "learning_rat: unknown key; did you mean learning_rate?" in ui.text(), "the problems")
        places = []
        for _ in range(3):
            await ui.press(pressed)
            places.append(ui.area.cursor_location[0] + 1)
        assert places == [9, 10, 9]


@key("help")
async def _help(path: Path, pressed: str) -> None:
    async with editing(path) as ui:
        await ui.press(pressed)
        assert isinstance(ui.on_top(), HelpDialog)


@key("back")
async def _back(path: Path, pressed: str) -> None:
    async with editing(path) as ui:
        await ui.press("#", pressed)
        assert "Not everything is saved" in ui.text()
        await ui.press("c")
        assert ui.on_top() is ui.editor
        await ui.press(pressed, "s")
        assert path.read_text().startswith("#")
        assert ui.app.return_code == 0
    async with editing(path) as ui:
        await ui.press("x", pressed, "x")
        assert ui.app.return_code == 0
        assert path.read_text() == "#" + GOOD


async def test_problems_come_while_it_is_typed_and_the_key_under_the_cursor_is_explained(project: Path) -> None:
    async with editing(project, (160, 45)) as ui:
        await ui.type(*["down"] * 7)
        assert "train.learning_rate  a number > 0 and <= 10 · default" in ui.text()
        assert "✎ may change while the run is under way" in ui.text()
        await ui.type("end", "backspace", "backspace", "3")
        await ui.checked("✗ 1 problem")
        await ui.until(lambda: "line 8" in ui.text(), "what is wrong")
        await ui.type("ctrl+z", "ctrl+z", "ctrl+z")
        await ui.checked("✓ nothing wrong")
        await ui.type("enter", "[")
        await ui.checked("✗ 1 problem")
        await ui.until(lambda: "not valid TOML" in ui.text(), "what is wrong")


async def test_what_others_wrote_meanwhile_is_not_written_over_unseen(project: Path) -> None:
    async with editing(project) as ui:
        await ui.press("#")
        project.write_text(GOOD + "# theirs\n")
        await ui.press("ctrl+s")
        assert "was changed by another program" in ui.text()
        await ui.press("escape")
        assert project.read_text().endswith("# theirs\n")
        await ui.press("ctrl+s", "l")
        assert ui.area.text == GOOD + "# theirs\n"
        assert not ui.editor.is_dirty
        await ui.press("ctrl+z", "ctrl+s")
        assert project.read_text() == "#" + GOOD, "undone, it is ours again"
        project.unlink()
        await ui.press("ctrl+s")
        assert "was removed since" in ui.text()
        await ui.press("o")
        assert project.read_text() == "#" + GOOD


async def test_keys_typed_in_a_burst_are_taken_in_their_order(project: Path) -> None:
    async with editing(project) as ui:
        await ui.type("x", "1", "left", "2", "end", "backspace", "enter", "home", "q")
        assert ui.area.text.startswith("x21[project\nq\nname"), "q is a letter here"


async def test_hostile_text_and_a_disk_that_refuses(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_text(GOOD + '"\x1b[2J\u202e" = "\x07"\n')
    async with editing(project) as ui:
        assert "\x1b" not in ui.text()
        assert "\u202e" not in ui.text()
        assert "␛[2J" in ui.text()

        def fail(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("msopt_tui.runs.project_file.write_text_atomic", fail)
        await ui.press("#", "ctrl+s")
        assert "not saved: No space left on device" in ui.row(-1)
        assert ui.editor.is_dirty


@pytest.mark.parametrize("size", [(20, 4), (80, 24), (160, 45)])
async def test_every_size(project: Path, size: tuple[int, int]) -> None:
    project.write_text(BAD)
    async with editing(project, size) as ui:
        assert all(len(line) <= size[0] for line in ui.text().splitlines())


async def test_from_the_history_the_file_of_the_run_is_offered(project: Path) -> None:
    run = make_run(project.parent / "runs", "20260101-000000-r")
    write_meta(run / "meta.json", RunMeta(run=run.name, project="docs", created=1.0, project_file=str(project)))
    async with started(FakeLink(scripted_run(20), run_dir=run)) as ui:
        await ui.press("h")
        await ui.until(lambda: run.name in ui.text(), "the runs")
        await ui.press("E")
        assert "edit a project file" in ui.text()
        await ui.press("enter")
        assert isinstance(ui.on_top(), EditScreen)
        await ui.press("escape")
        await ui.press("E", "ctrl+u", *str(project.parent / "none"), "enter")
        assert "there is no such file" in ui.text()


def test_the_key_of_a_line() -> None:
    lines = ["# c", "[model]", "lora.r = 4", "[[data.sources]]", "files = [", '  "a",', "]", "[train]", "", "lr=1"]
    found = [key_at(lines, at) for at in range(len(lines))]
    assert found == [
        "",
        "model",
        "model.lora.r",
        *["data.sources", *["data.sources.files"] * 3],
        "train",
        "train",
        "train.lr",
    ]
    assert help_of("train.lr").path == "train.learning_rate"
    assert "one place that text comes from" in help_of("data.sources").text
    assert help_of("trian").text == "trian: unknown table; did you mean train?"
    assert help_of("lr").text == "lr: a key outside a table: it belongs to [train]"
    assert [role for _, _, role in spans('a = "#" # c')] == ["muted", "key"]


def test_the_command(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["edit"]) == 3
    assert cli.main(["edit", str(project.parent / "none.toml")]) == 3
    assert "does not exist" in capsys.readouterr().err
    project.write_text("")
    assert cli.main(["edit", str(project)]) == 1, "an empty one may be edited, but not without a terminal"

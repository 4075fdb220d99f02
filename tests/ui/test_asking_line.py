"""Questions of one line: what is wrong is said at every key, what is right is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msopt_tui.protocol.commands import Evaluate, RollBack, Until
from msopt_tui.ui.screens.line_dialog import LineDialog
from tests.ui.cockpit import make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import ended_run, scripted_run


async def test_single_steps_and_pins_are_sent_at_once() -> None:
    async with started(FakeLink(scripted_run(100))) as ui:
        await ui.press("n", "P")
        assert ui.sent == ["step", "pin"]


async def test_until_takes_only_a_step_ahead() -> None:
    async with started(FakeLink(scripted_run(100))) as ui:
        await ui.press("u", "5", "enter")
        assert "100 steps are done already" in ui.text()
        assert ui.sent == []
        await ui.press("0", "0", "enter")
        (until,) = ui.link.sent
        assert isinstance(until, Until)
        assert until.step == 500


async def test_a_file_is_asked_of_the_weights(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("text", encoding="utf-8")
    async with started(FakeLink(scripted_run(100))) as ui:
        await ui.press("M")
        await ui.type(*"nothing", "enter")
        assert "no such file" in ui.text()
        await ui.type("ctrl+u", *str(text), "enter")
        assert [one.file for one in ui.link.sent if isinstance(one, Evaluate)] == [str(text)]


async def test_of_a_long_path_the_end_is_seen_and_typing_goes_on_there() -> None:
    async with started(FakeLink(scripted_run(20)), size=(80, 24)) as ui:
        dialog = LineDialog("a file", "file", "", lambda _: "", "/long" * 30 + "/name.toml")
        ui.app.push_screen(dialog)
        await ui.pilot.pause()
        assert "/name.toml" in ui.text()
        await ui.type(*"2")
        assert "/name.toml2" in ui.text()


async def test_a_rollback_is_to_a_checkpoint_there_is() -> None:
    async with started(FakeLink(scripted_run(300))) as ui:
        steps = sorted(ui.screen.feed.state.checkpoints)
        await ui.press("B")
        await ui.type("ctrl+u", "7", "enter")
        assert f"there are {steps[0]}" in ui.text()
        await ui.type("ctrl+u", *str(steps[0]), "enter")
        (back,) = ui.link.sent
        assert isinstance(back, RollBack)
        assert back.step == steps[0]


async def test_a_branch_is_begun_from_a_run_that_is_over_and_shown() -> None:
    link, asked = FakeLink(ended_run()), []

    def branch(path: Path, step: int, changes: Sequence[str]) -> FakeLink:
        asked.append((path, step, list(changes)))
        return FakeLink(scripted_run(100))

    async with started(link, make_app(link, branch_run=branch)) as ui:
        step = max(ui.screen.feed.state.checkpoints)
        await ui.press("b")
        await ui.type(*"train.lr=-1", "enter")
        assert isinstance(ui.on_top(), LineDialog)
        await ui.type(*["backspace"] * 2, *"1e-4", "enter")
        await ui.until(lambda: len(ui.app.screen_stack) > 1, "the branch")
        assert asked == [(link.run_dir, step, ["train.lr=1e-4"])]


async def test_where_no_engine_listens_it_is_said() -> None:
    async with started(FakeLink(ended_run())) as ui:
        await ui.press("u")
        assert "no engine takes commands here" in ui.text()
        await ui.press("b")
        assert "no run can be begun from here" in ui.text()

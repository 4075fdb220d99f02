from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input

from msopt_tui.protocol import commands
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.ui.keys import ACTIONS, BY_ID, PANES, Keys, PaneName, markdown_table
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.panes.charts import USUAL_WEIGHT, chart_names, name_in_words
from msopt_tui.ui.screens.actions import DEEDS
from msopt_tui.ui.screens.changes import ChangesDialog
from msopt_tui.ui.screens.data import DataScreen
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.screens.history import HistoryScreen
from msopt_tui.ui.screens.line_dialog import LineDialog
from msopt_tui.ui.screens.playground import PlaygroundDialog
from msopt_tui.ui.screens.postmortem import PostmortemScreen
from msopt_tui.ui.screens.proposal import ProposalDialog
from msopt_tui.ui.screens.quit import QuitDialog
from tests.ui.cockpit import Cockpit, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.key_tests import KeyTests
from tests.ui.scripted import scripted_run, waiting_run

KeyTest = Callable[[Cockpit, str], Awaitable[None]]
key = KeyTests[KeyTest]()


@pytest.mark.parametrize("action_id", [action.id for action in ACTIONS])
async def test_every_key_of_the_table_does_what_it_says(action_id: str, tmp_path: Path) -> None:
    test = key[action_id]
    link = FakeLink(scripted_run(400))
    async with started(link, make_app(link, runs_dir=tmp_path)) as ui:
        for pressed in BY_ID[action_id].keys:
            await test(ui, pressed)


def test_no_test_for_a_key_that_is_gone() -> None:
    assert key.ids == {action.id for action in ACTIONS}


def test_every_action_has_exactly_one_way_to_be_done() -> None:
    for action in ACTIONS:
        ways = [action.command is not None, action.id in PANES, action.id in DEEDS]
        assert sum(ways) == 1, action.id
    assert set(DEEDS) <= set(BY_ID)


@key("pause")
async def pause(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.sent == ["pause"]
    assert "pause requested…" in ui.row(-1)
    ui.link.apply_last(400, ev.Paused(step=400, reason="asked"))
    await ui.frame()
    assert "✓ pause applied at step 400" in ui.row(-1)
    assert "‖ paused" in ui.row(0)
    await ui.press(pressed)
    assert ui.sent == ["pause", "continue"]
    await ui.press(pressed)
    assert ui.sent[-1] == "pause", "continue was asked for already: the next press takes it back"
    await ui.press(pressed)
    assert ui.sent[-1] == "continue", "a pause that was not served yet is taken back"


@key("evaluate")
async def evaluate(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.sent == ["evaluate"]
    assert "evaluate requested…" in ui.row(-1)
    ui.link.refuse_last("the run is being stopped")
    await ui.frame()
    assert "✗ evaluate refused: the run is being stopped" in ui.row(-1)


@key("save")
async def save(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.sent == ["save"]


@key("undo")
async def undo(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.sent == ["undo"]


@key("step")
async def step(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.sent == ["step"]


@key("pin_checkpoint")
async def pin_checkpoint(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.sent == ["pin"]


for _name in ("until", "try_file", "roll_back"):

    @key(_name)
    async def ask_a_line(ui: Cockpit, pressed: str) -> None:
        """What each makes of its line is in `test_asking_line`."""
        await ui.press(pressed)
        assert isinstance(ui.on_top(), LineDialog)


@key("try_prompt")
async def try_prompt(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert isinstance(ui.on_top(), PlaygroundDialog)


@key("branch")
async def branch(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert "no run can be begun from here" in ui.row(-1)


@key("refine")
async def refine(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.sent == ["refine"]


async def test_refine_opens_the_proposal_that_waits() -> None:
    async with started(FakeLink(waiting_run())) as ui:
        assert isinstance(ui.on_top(), ProposalDialog)
        await ui.press("escape")
        assert not isinstance(ui.on_top(), ProposalDialog)
        await ui.press("r")
        assert isinstance(ui.on_top(), ProposalDialog)
        assert ui.sent == []


@key("adjust")
async def adjust(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert isinstance(ui.on_top(), ChangesDialog)
    await ui.press("escape")


@key("resume")
async def resume(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert "nothing to resume" in ui.row(-1)
    ui.link.lose("the engine was killed by SIGKILL")
    await ui.frame()
    await ui.press(pressed)
    assert "can't be resumed from here" in ui.row(-1)


for _name in PANES:

    @key(_name)
    async def go_to_pane(ui: Cockpit, pressed: str) -> None:
        await ui.press(pressed)
        assert ui.focused == PANES[int(pressed) - 1]
        assert ui.screen.board.focused in ui.screen.board.shown


@key("next_pane")
async def next_pane(ui: Cockpit, pressed: str) -> None:
    shown = ui.screen.board.shown
    for expected in [*shown[1:], shown[0]]:
        await ui.press(pressed)
        assert ui.focused == expected


@key("previous_pane")
async def previous_pane(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.focused == ui.screen.board.shown[-1]


@key("maximise")
async def maximise(ui: Cockpit, pressed: str) -> None:
    await ui.press("4", pressed)
    assert ui.screen.board.shown == ["evaluation"]
    assert ui.focused == "evaluation"
    pane = ui.screen.board.panes["evaluation"]
    await ui.until(lambda: pane.outer_size == ui.screen.board.size, "the pane to have all the room")
    await ui.press(pressed)
    assert len(ui.screen.board.shown) > 5
    assert ui.focused == "evaluation"


@key("back")
async def back(ui: Cockpit, pressed: str) -> None:
    await ui.press("9")
    assert ui.screen.board.maximised == "about", "it is folded away at this size"
    await ui.press(pressed)
    assert ui.screen.board.shown[0] == "loss"
    assert ui.focused == "loss"
    await ui.press(pressed)
    assert ui.app.is_running, "there is no layer left to leave"


@key("maximise_journal")
async def maximise_journal(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert ui.screen.board.shown == ["journal"]
    await ui.press(pressed)
    assert ui.screen.board.maximised is None


def height(ui: Cockpit, name: PaneName) -> int:
    return ui.screen.board.boxes(ui.screen.board.size)[name].height


def width(ui: Cockpit, name: PaneName) -> int:
    return ui.screen.board.boxes(ui.screen.board.size)[name].width


@key("hide_pane")
async def hide_pane(ui: Cockpit, pressed: str) -> None:
    await ui.press("6", pressed)
    assert "settings" not in ui.screen.board.shown
    assert [ui.focused] == ["loss"]
    assert "settings hidden: 6 opens it, W brings all panes back" in ui.row(-1)
    await ui.press("6")
    assert ui.screen.board.shown == ["settings"]
    await ui.press(pressed)
    assert "settings" in ui.screen.board.shown
    assert ui.focused == "settings"
    for _ in PANES:
        await ui.press(pressed)
    assert "the last pane stays" in ui.row(-1)
    assert len(ui.screen.board.shown) == 1


@key("usual_layout")
async def usual_layout(ui: Cockpit, pressed: str) -> None:
    board = ui.screen.board
    before = board.boxes(board.size)
    await ui.press("}", "<", "3", "w")
    assert board.boxes(board.size) != before
    await ui.press(pressed)
    assert board.boxes(board.size) == before


@key("side_wider")
async def side_wider(ui: Cockpit, pressed: str) -> None:
    before = width(ui, "resources")
    await ui.press(pressed)
    assert width(ui, "resources") == before + 4
    await ui.press(*[pressed] * 30)
    assert "the columns can't be wider" in ui.row(-1)
    assert width(ui, "loss") == 60


@key("side_narrower")
async def side_narrower(ui: Cockpit, pressed: str) -> None:
    before = width(ui, "resources")
    await ui.press(pressed)
    assert width(ui, "resources") == before - 4
    await ui.pilot.resize_terminal(80, 24)
    await ui.press(pressed)
    assert "no column at the side" in ui.row(-1)


@key("pane_taller")
async def pane_taller(ui: Cockpit, pressed: str) -> None:
    before = height(ui, "rate")
    await ui.press("2", pressed)
    assert height(ui, "rate") == before + 2
    pane = ui.screen.board.panes["rate"]
    await ui.until(lambda: pane.outer_size.height == before + 2, "the pane to have its rows")
    await ui.press("enter", pressed)
    assert "only a pane among others" in ui.row(-1)


@key("pane_shorter")
async def pane_shorter(ui: Cockpit, pressed: str) -> None:
    before = height(ui, "loss")
    await ui.press("1", pressed)
    assert height(ui, "loss") == before - 2
    await ui.press(*[pressed] * 20)
    assert height(ui, "loss") == 9
    assert "loss can't be shorter" in ui.row(-1)


@key("log_scale")
async def log_scale(ui: Cockpit, pressed: str) -> None:
    (chart,) = ui.screen.loss.charts
    await ui.press("3", pressed)
    assert chart.log_y, "without a focused chart it is the loss"
    await ui.press("2", pressed)
    assert all(chart.log_y for chart in ui.screen.chart_pane.charts)
    await ui.press("1", pressed)
    assert not chart.log_y


@key("x_axis")
async def x_axis(ui: Cockpit, pressed: str) -> None:
    for words, label in (
        ("x axis: tokens", " tokens"),
        ("x axis: time of training", "time "),
        ("x axis: epochs", "epoch "),
        ("x axis: steps", "step "),
    ):
        await ui.press(pressed)
        await ui.frame()
        assert words in ui.text()
        rows = ui.text().splitlines()
        assert any(label in row for row in rows[:3]), "the legend says where the run is"
        assert any(row.lstrip("│ ").startswith(label.strip()) for row in rows), "the axis says what it counts"


async def test_a_cursor_goes_with_its_unit_also_in_charts_not_seen_yet() -> None:
    async with started(FakeLink(scripted_run(400)), size=(80, 24)) as ui:
        assert "rate" not in ui.screen.board.shown
        await ui.press("x", "left", "x", "x", "x")
        await ui.frame()
        assert [chart.cursor_step for pane in ui.screen.chart_panes for chart in pane.charts] == [None] * 3


@key("metric")
async def metric(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed, *"perp", "enter")
    await ui.frame()
    assert "perplexity" in ui.text()
    assert "gradient norm" not in ui.text()
    await ui.press(pressed, "escape")
    assert "perplexity" in ui.text()


async def test_a_figure_that_was_chosen_is_shown_where_its_pane_has_no_room() -> None:
    async with started(FakeLink(scripted_run(400)), size=(80, 24)) as ui:
        await ui.press("m", *"bits/", "enter")
        await ui.frame()
        assert "2 learning rate · bits/byte" in ui.text()
        known = {*chart_names(ui.screen.feed.state).values(), *METRICS}
    assert len({name_in_words(name) for name in known}) == len(known), "no two are called the same"


@key("filter")
async def filter_what_has_the_focus(ui: Cockpit, pressed: str) -> None:
    await ui.press("1", pressed, *"perp", "enter")
    await ui.frame()
    assert "perplexity" in ui.text(), "in the charts it finds a figure"
    await ui.press("7", pressed, *"checkpoint -200")
    lines = ui.pane("journal").splitlines()
    assert lines, "seen at every key"
    assert all("checkpoint" in line for line in lines)
    assert not any("200" in line for line in lines)
    await ui.press("enter")
    await ui.feed(
        ev.Noted(level="info", text="nothing new"),
        ev.CheckpointFailed(step=420, error="disk full"),
        ev.Noted(level="info", text="x"),
    )
    assert "checkpoint 420" in ui.pane("journal").splitlines()[-1], "what comes is filtered too"
    assert "only: checkpoint -200" in ui.text()
    await ui.press(pressed, "ctrl+u", *"zebra")
    assert "no line has these words" in ui.text()
    await ui.press("escape")
    assert "checkpoint 420" in ui.pane("journal").splitlines()[-1], "esc brings the filter before back"
    await ui.press("escape")
    assert "nothing new" in ui.pane("journal"), "and one more takes it away"
    await ui.press("3", pressed, "enter")
    assert ui.focused == "resources"


@key("over")
async def over(ui: Cockpit, pressed: str) -> None:
    """What comes of it is in `test_over`."""
    await ui.press(pressed)
    await ui.until(lambda: "no other run" in ui.row(-1), "the runs to be listed")


@key("robust")
async def robust(ui: Cockpit, pressed: str) -> None:
    (chart,) = ui.screen.loss.charts
    await ui.press(pressed)
    assert chart.robust_y


@key("smoother")
async def smoother(ui: Cockpit, pressed: str) -> None:
    assert "smoothed 0.95" in ui.text()
    await ui.press(pressed)
    assert "smoothed 0.98" in ui.text()


@key("rougher")
async def rougher(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert "smoothed 0.9 " in ui.text()
    await ui.press(*[pressed] * 9)
    assert "smoothed" not in ui.text(), "at the end only the raw values are left"


@key("smooth_default")
async def smooth_default(ui: Cockpit, pressed: str) -> None:
    await ui.press("+", "+", pressed)
    assert ui.screen.loss._weight == USUAL_WEIGHT
    assert "smoothed 0.95" in ui.text()


def cursors(ui: Cockpit) -> set[int | None]:
    return {chart.cursor_step for pane in ui.screen.chart_panes for chart in pane.charts}


@key("cursor_left")
async def cursor_left(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed, pressed)
    (step,) = cursors(ui)
    assert step is not None
    assert step < 400, "all charts read out the same earlier step"
    assert f"│ step {step}" in ui.text()


@key("cursor_right")
async def cursor_right(ui: Cockpit, pressed: str) -> None:
    await ui.press("left", "left", "left")
    (before,) = cursors(ui)
    await ui.press(pressed)
    (after,) = cursors(ui)
    assert before is not None
    assert after is not None
    assert after > before


def spans(ui: Cockpit) -> list[float]:
    return [chart.window.length for pane in ui.screen.chart_panes for chart in pane.charts]


def starts(ui: Cockpit) -> list[float]:
    return [chart.window.x0 for pane in ui.screen.chart_panes for chart in pane.charts]


@key("zoom_in")
async def zoom_in(ui: Cockpit, pressed: str) -> None:
    before = spans(ui)
    await ui.press(pressed)
    assert all(after < one for after, one in zip(spans(ui), before, strict=True))


@key("zoom_out")
async def zoom_out(ui: Cockpit, pressed: str) -> None:
    await ui.press("up", "up")
    before = spans(ui)
    await ui.press(pressed)
    assert all(after > one for after, one in zip(spans(ui), before, strict=True))


@key("pan_left")
async def pan_left(ui: Cockpit, pressed: str) -> None:
    await ui.press("up", "up")
    before = starts(ui)
    await ui.press(pressed)
    assert all(after < one for after, one in zip(starts(ui), before, strict=True))


@key("pan_right")
async def pan_right(ui: Cockpit, pressed: str) -> None:
    await ui.press("up", "up", "shift+left", "shift+left")
    before = starts(ui)
    await ui.press(pressed)
    assert all(after > one for after, one in zip(starts(ui), before, strict=True))


@key("whole_run")
async def whole_run(ui: Cockpit, pressed: str) -> None:
    whole = spans(ui)
    await ui.press("left", "up", "up", pressed)
    assert spans(ui) == whole
    assert cursors(ui) == {None}


@key("sample_before")
async def sample_before(ui: Cockpit, pressed: str) -> None:
    latest = ui.pane("samples")
    await ui.press(pressed)
    assert ui.pane("samples") != latest
    assert "step 300 · 3 of 4" in ui.text()


@key("sample_after")
async def sample_after(ui: Cockpit, pressed: str) -> None:
    await ui.press("[", "[", pressed)
    assert "step 300 · 3 of 4" in ui.text()
    await ui.press(pressed, pressed, pressed)
    assert "step 400 · 4 of 4" in ui.text()


@key("sample_steps")
async def sample_steps(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert "sample 1 of 2 · all steps" in ui.text()
    assert [line.split()[0] for line in ui.pane("samples").splitlines() if "»" in line] == ["400", "300", "200", "100"]
    await ui.press("]")
    assert "sample 2 of 2 · all steps" in ui.text()
    assert ui.pane("samples").startswith("› A class definition")
    await ui.press("]")
    assert "sample 2 of 2" in ui.text(), "there is no third"
    await ui.press(pressed)
    assert "step 400 · 4 of 4" in ui.text()


def settings_pane(ui: Cockpit) -> TextPane:
    pane = ui.screen.board.panes["settings"]
    assert isinstance(pane, TextPane)
    return pane


@key("scroll_down")
async def scroll_down(ui: Cockpit, pressed: str) -> None:
    await ui.press("6", pressed, pressed)
    assert settings_pane(ui).top == 2


@key("scroll_up")
async def scroll_up(ui: Cockpit, pressed: str) -> None:
    await ui.press("6", "down", "down", pressed)
    assert settings_pane(ui).top == 1


@key("page_down")
async def page_down(ui: Cockpit, pressed: str) -> None:
    await ui.press("6", pressed)
    assert settings_pane(ui).top == settings_pane(ui).size.height - 1


@key("page_up")
async def page_up(ui: Cockpit, pressed: str) -> None:
    await ui.press("6", "pagedown", "pagedown", pressed)
    assert settings_pane(ui).top == settings_pane(ui).size.height - 1


@key("bottom")
async def bottom(ui: Cockpit, pressed: str) -> None:
    await ui.press("6", pressed)
    assert settings_pane(ui).at_end
    await ui.press("7", "up", "up")
    assert not ui.screen.journal.follow
    await ui.press(pressed)
    assert ui.screen.journal.follow


@key("top")
async def top(ui: Cockpit, pressed: str) -> None:
    await ui.press("7", pressed)
    assert ui.screen.journal.top == 0
    assert "started 20260101-100000-python-docs" in ui.text()


@key("follow")
async def follow(ui: Cockpit, pressed: str) -> None:
    await ui.press("7", pressed)
    top_line = ui.screen.journal.top
    await ui.feed(*[ev.Noted(level="info", text=f"line {number}") for number in range(20)])
    assert ui.screen.journal.top == top_line
    assert "not following" in ui.text()
    await ui.press(pressed)
    assert "line 19" in ui.text()


@key("queue")
async def queue(ui: Cockpit, pressed: str) -> None:
    """What it shows is in `test_queue`."""
    await ui.press(pressed)
    await ui.until(lambda: any("no queue here" in one.message for one in ui.app._notifications), "the answer")


@key("postmortem")
async def postmortem(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert "nothing went wrong: the run is under way" in ui.row(-1)
    ui.link.lose("killed by SIGKILL")
    await ui.frame()
    assert f"{pressed} what went wrong" in ui.text()
    await ui.press(pressed)
    assert isinstance(ui.on_top(), PostmortemScreen)
    assert "the engine is gone at step 400: killed by SIGKILL" in ui.text()
    await ui.press(pressed)
    assert ui.on_top() is ui.screen


@key("data")
async def data(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert isinstance(ui.on_top(), DataScreen)
    await ui.press("escape")
    assert ui.on_top() is ui.screen
    await ui.type(pressed, "escape")
    assert ui.on_top() is ui.screen, "typed ahead, the second key is not lost and not overtaken"


@key("history")
async def history(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert isinstance(ui.on_top(), HistoryScreen)
    await ui.press("escape")
    assert ui.on_top() is ui.screen


@key("help")
async def show_help(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert isinstance(ui.on_top(), HelpDialog)
    assert "Evaluate the current weights now." in ui.text()
    await ui.press(pressed)
    assert ui.on_top() is ui.screen


@key("palette")
async def palette(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    await ui.type(*"evaluate")
    await ui.pilot.pause(0.2)
    await ui.press("enter")
    await ui.until(lambda: "evaluate" in ui.sent, "the palette to run the action")


@key("redraw")
async def redraw(ui: Cockpit, pressed: str) -> None:
    """On any screen: what is known of the terminal is forgotten, so that all of it is sent."""
    forgotten: list[object] = []
    for opened, screen in (("", type(ui.screen)), ("?", HelpDialog)):
        if opened:
            await ui.press(opened)
        on_top = ui.on_top()
        assert isinstance(on_top, screen)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(on_top, "forget_terminal", partial(forgotten.append, on_top))
            await ui.press(pressed)
        assert forgotten == [on_top]
        forgotten.clear()


@key("quit")
async def leave(ui: Cockpit, pressed: str) -> None:
    await ui.press(pressed)
    assert isinstance(ui.on_top(), QuitDialog)
    await ui.press("escape")
    assert ui.app.is_running


async def test_letters_in_an_input_are_text_and_not_keys() -> None:
    async with started(FakeLink(scripted_run(100))) as ui:
        await ui.press("a")
        await ui.type(*"perszhq1?:")
        assert isinstance(ui.on_top(), ChangesDialog)
        assert ui.on_top().query_one("#value", Input).value.endswith("perszhq1?:")
        assert ui.sent == []


async def test_a_command_is_done_by_the_key_it_was_given() -> None:
    from msopt_tui.config.schema import UiTable

    link = FakeLink(scripted_run(100))
    async with started(link, make_app(link, ui=UiTable(keys={"evaluate": "E,f5"}))) as ui:
        await ui.press("e")
        assert ui.sent == []
        await ui.press("E", "f5")
        assert ui.sent == ["evaluate", "evaluate"]
        assert " E evaluate " in ui.row(-1)


async def test_wrong_keys_in_the_project_file_are_said_and_the_usual_ones_stay() -> None:
    from msopt_tui.config.schema import UiTable

    link = FakeLink(scripted_run(100))
    async with started(link, make_app(link, ui=UiTable(keys={"evaluat": "E", "save": "p"}))) as ui:
        assert [str(note.message) for note in ui.app._notifications] == [
            "ui.keys.evaluat: no such action; did you mean evaluate?",
            "ui.keys.save: 'p' is already the key of pause; give that one another key",
        ]
        await ui.press("s", "e")
        assert ui.sent == ["save", "evaluate"]


class TestTable:
    def test_no_two_actions_want_one_key_in_one_place(self) -> None:
        assert Keys().problems == []
        assert Keys({action.id: ",".join(action.keys) for action in ACTIONS}).problems == []

    def test_keys_may_be_swapped(self) -> None:
        keys = Keys({"save": "p", "pause": "s"})
        assert keys.problems == []
        found = keys.find("p", "p", "loss")
        assert found is not None
        assert found.id == "save"

    @pytest.mark.parametrize("text", ["Ctrl-E", "ctrl+", "ab", "", "e,", "super+x"])
    def test_what_is_no_key_is_refused(self, text: str) -> None:
        keys = Keys({"evaluate": text})
        assert len(keys.problems) == 1
        assert "is no key" in keys.problems[0]
        assert keys.key_of("evaluate") == "e"

    def test_one_key_may_mean_different_things_in_different_panes(self) -> None:
        keys = Keys()
        up = [keys.find("up", None, pane) for pane in ("loss", "journal", None)]
        assert [action and action.id for action in up] == ["zoom_in", "scroll_up", None]

    def test_a_chain_of_clashes_ends_with_no_key_lost(self) -> None:
        keys = Keys({"pause": "e", "evaluate": "s", "save": "a"})
        assert all(action.keys for action in keys.actions)
        taken = [key for action in keys.actions if not action.panes for key in action.keys]
        assert len(taken) == len(set(taken))

    def test_the_footer_shows_the_keys_of_the_focused_pane_first(self) -> None:
        keys = Keys()
        assert keys.footer("journal")[0] == ("f", "follow")
        assert keys.footer("loss")[0] == ("←", "cursor")
        assert [key for key, _ in keys.footer("samples")[:3]] == ["[", "]", "v"]
        assert keys.footer("loss")[-2:] == [("?", "help"), ("q", "quit")]

    def test_no_two_actions_of_the_palette_have_one_name(self) -> None:
        names = [action.title or action.label for action in ACTIONS]
        assert len(names) == len(set(names))
        assert {"cursor to earlier steps", "cursor to later steps"} <= set(names)

    def test_without_an_engine_the_footer_offers_resume_and_no_commands(self) -> None:
        labels = [label for _, label in Keys().footer("loss", alive=False, resumable=True)]
        assert "resume" in labels
        assert "resume" not in [label for _, label in Keys().footer("loss", alive=False)]
        assert not {"pause", "evaluate", "save", "refine", "adjust"} & set(labels)

    def test_the_readme_table_has_every_action(self) -> None:
        table = markdown_table()
        rows = table.splitlines()[2:]
        assert len(rows) == len(BY_ID)
        assert "| `p` | Pause before the next step, or go on. | `pause` |" in rows
        assert all(row.count("|") == 4 for row in rows), "no cell may break the table"

    def test_what_is_sent_by_a_key_alone_needs_no_argument(self) -> None:
        made = [action.command() for action in ACTIONS if action.command is not None]
        assert {type(one) for one in made} == {
            *(commands.Evaluate, commands.Undo, commands.Save, commands.Step),
            commands.Pin,
        }

from __future__ import annotations

import pytest
from textual.widgets import Input

from msopt_tui.config.fields import find
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.adjustable import ADJUSTABLE
from msopt_tui.protocol.commands import Adjust, Decide, Stop
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.screens import cockpit
from msopt_tui.ui.screens.changes import ChangesDialog, note_of, text_of
from msopt_tui.ui.screens.help import HelpDialog
from msopt_tui.ui.screens.proposal import ProposalDialog
from msopt_tui.ui.screens.quit import QuitDialog
from tests.ui.cockpit import Cockpit, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import Script, ended_run, scripted_run, waiting_run


async def type_value(ui: Cockpit, text: str) -> None:
    await ui.type("ctrl+u", *text)


class TestQuit:
    async def test_detach_is_the_first_choice_and_leaves_the_run_alone(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("q", "enter")
            assert ui.sent == []
        assert ui.app.return_value == "detached"
        assert ui.app.return_code == 0
        assert ui.link.is_closed

    @pytest.mark.parametrize(("key", "save"), [("s", True), ("x", False)])
    async def test_a_stop_is_asked_for_and_waited_for(self, key: str, save: bool) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("q", key)
            (stop,) = ui.link.sent
            assert isinstance(stop, Stop)
            assert (stop.save, stop.cancel) == (save, False)
            assert "requested…" in ui.row(-1)
            await ui.frame()
            assert ui.app.is_running, "it stays until the run has ended"
            await ui.press("q")
            assert "already stopping" in ui.text()
            await ui.press("escape")
            ui.link.apply_last(100, ev.RunEnded(status="stopped", step=100, exit_code=143))
            await ui.frame()
        assert ui.app.return_value == "ended"
        assert ui.app.return_code == 143, "the run's own"

    async def test_an_engine_that_dies_while_stopping_does_not_keep_the_cockpit(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("q", "s")
            ui.link.lose("killed by SIGKILL")
            await ui.frame()
        assert ui.app.return_value == "ended"

    async def test_cancel_stays(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("q", "up", "enter")
            assert ui.on_top() is ui.screen
            assert ui.sent == []

    async def test_where_leaving_ends_the_run_there_is_no_detaching(self) -> None:
        link = FakeLink(scripted_run(100))
        async with started(link, make_app(link, can_detach=False)) as ui:
            await ui.press("q")
            assert "detach" not in ui.text()
            assert "leaving the screen ends the run" in ui.text()
            await ui.press("enter")
            assert ui.sent == ["stop"]

    async def test_a_click_chooses(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("q")
            await ui.pilot.click("Choices", offset=(4, 3))
            await ui.pilot.pause()
            assert ui.on_top() is ui.screen

    @pytest.mark.parametrize("status", ["completed", "failed"])
    async def test_a_run_that_is_over_is_left_without_a_question(self, status: ev.EndStatus) -> None:
        async with started(FakeLink(ended_run(status))) as ui:
            await ui.press("q")
        assert ui.app.return_value == "ended"

    async def test_a_read_only_view_is_left_without_a_question(self) -> None:
        link = FakeLink(scripted_run(100), status="readonly")
        async with started(link, make_app(link, readonly=True)) as ui:
            await ui.press("q")
        assert ui.app.return_value == "left"


class TestAdjust:
    async def test_a_value_is_typed_and_sent(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("a")
            await type_value(ui, "3e-4")
            await ui.press("enter")
            (adjust,) = ui.link.sent
            assert isinstance(adjust, Adjust)
            assert adjust.changes == {"train.learning_rate": 3e-4}
            assert "adjust train.learning_rate = 0.0003 requested…" in ui.row(-1)

    async def test_several_settings_and_a_reason_go_together(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("a")
            await type_value(ui, "0.01")
            await ui.press("down")
            await type_value(ui, "linear")
            await ui.press("tab")
            await ui.type(*"because")
            await ui.press("enter")
            (adjust,) = ui.link.sent
            assert isinstance(adjust, Adjust)
            assert adjust.changes == {"train.learning_rate": 0.01, "train.lr_scheduler_type": "linear"}
            assert adjust.why == "because"

    async def test_a_wrong_value_is_said_at_once_and_not_sent(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("a")
            for text, shown in (("-1", "-1"), ("nan", "nan"), ("1e9", "1000000000.0"), ("fast", "'fast'"), ("", "''")):
                await type_value(ui, text)
                assert f"✗ train.learning_rate: {shown} is not allowed: a number > 0 and <= 10" in ui.text()
                await ui.press("enter")
                assert isinstance(ui.on_top(), ChangesDialog)
            assert ui.link.sent == []

    async def test_enter_leads_to_the_row_that_is_wrong(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("a", "down", "down")
            await type_value(ui, "7")
            await ui.press("down", "enter")
            assert "7 is not allowed" in ui.text()
            assert ui.link.sent == []

    async def test_nothing_typed_is_nothing_to_apply(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("a", "enter")
            assert "nothing is changed yet" in ui.text()
            await ui.press("escape")
            assert ui.link.sent == []

    async def test_typing_the_value_in_force_takes_a_change_back(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("a")
            await type_value(ui, "0.5")
            await type_value(ui, "0.001")
            await ui.press("enter")
            assert "nothing is changed yet" in ui.text()

    async def test_the_value_in_force_written_otherwise_is_no_change(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.press("a")
            await type_value(ui, "1e-3")
            await ui.press("enter")
            assert "train.learning_rate is 0.001 already" in ui.text()
            assert ui.link.sent == []

    async def test_columns_stand_below_each_other_whatever_is_in_force(self) -> None:
        link = FakeLink([*scripted_run(100), ev.Adjusted(setting="train.lr_scheduler_type", old="cosine", step=100,
                                                         new="warmup_stable_decay", who="a")])  # fmt: skip
        async with started(link, size=(80, 24)) as ui:
            await ui.press("a")
            await type_value(ui, "0.5")
            await ui.press("down")
            await type_value(ui, "linear")
            await ui.frame()
            marks = [line.index("✎") for line in ui.text().splitlines() if "✎ 0.5" in line or "✎ linear" in line]
            (title,) = (line for line in ui.text().splitlines() if "now" in line and "setting" in line)
            assert marks == [title.index("new")] * 2
            assert "warmup_stable_decay ✎ linear" in ui.text()

    async def test_every_row_can_be_reached_on_a_small_screen(self) -> None:
        async with started(FakeLink(scripted_run(100)), size=(80, 24)) as ui:
            await ui.press("a", "up")
            assert f"▸ {list(ADJUSTABLE)[-1]}" in ui.text()
            assert "enter apply" in ui.text()
            await ui.press("down")
            assert "▸ train.learning_rate" in ui.text()

    async def test_a_note_says_what_is_allowed_and_when_it_counts(self) -> None:
        note = note_of("train.max_grad_norm")
        assert note.startswith(f"{find('train.max_grad_norm').allowed} (2-norm; 0 is off)")
        assert note.endswith("from the next step on")
        assert note_of("no.such") == ""
        assert (text_of(True), text_of(0.1), text_of(1e-07), text_of(1 / 3)) == ("true", "0.1", "1e-07", str(1 / 3))

    async def test_without_an_engine_there_is_nothing_to_adjust(self) -> None:
        async with started(FakeLink(ended_run())) as ui:
            await ui.press("a")
            assert ui.on_top() is ui.screen
            assert "nothing to adjust" in ui.row(-1)


class TestProposal:
    async def test_it_comes_by_itself_with_everything_needed_to_decide(self) -> None:
        async with started(FakeLink(waiting_run())) as ui:
            assert isinstance(ui.on_top(), ProposalDialog)
            shown = ui.text()
            for piece in ("plateau", "80% sure", "0.0015 → 0.0005", "because", "expected", "better"):
                assert piece in shown, piece

    async def test_it_does_not_come_under_the_hands_of_someone_who_types(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cockpit, "QUIET_SECONDS", 1_000.0)
        async with started(FakeLink(scripted_run(600))) as ui:
            await ui.press("x")  # the x axis here; a rejection in the dialog
            await ui.feed(*Script().proposal())
            assert ui.on_top() is ui.screen
            monkeypatch.setattr(cockpit, "QUIET_SECONDS", 0.0)
            await ui.frame()
            assert isinstance(ui.on_top(), ProposalDialog)

    @pytest.mark.parametrize(("key", "accept", "finish"), [("a", True, False), ("x", False, False), ("f", False, True)])
    async def test_accept_reject_and_finish(self, key: str, accept: bool, finish: bool) -> None:
        async with started(FakeLink(waiting_run())) as ui:
            await ui.press(key)
            (decide,) = ui.link.sent
            assert isinstance(decide, Decide)
            assert (decide.proposal, decide.changes) == ("lr-third", None)
            assert (decide.accept, decide.finish) == (accept, finish)

    async def test_an_edited_proposal_is_accepted_with_its_values(self) -> None:
        async with started(FakeLink(waiting_run())) as ui:
            await ui.press("e")
            assert isinstance(ui.on_top(), ChangesDialog)
            assert ui.on_top().query_one("#value", Input).value == "0.0005"
            await type_value(ui, "0.0002")
            await ui.press("enter")
            (decide,) = ui.link.sent
            assert isinstance(decide, Decide)
            assert decide.accept
            assert decide.changes == {"train.learning_rate": 0.0002, "train.warmup_steps": 20}

    async def test_leaving_the_form_goes_back_to_the_proposal(self) -> None:
        async with started(FakeLink(waiting_run())) as ui:
            await ui.press("e", "escape")
            assert isinstance(ui.on_top(), ProposalDialog)
            assert ui.link.sent == []

    async def test_put_off_it_does_not_come_again_by_itself(self) -> None:
        async with started(FakeLink(waiting_run())) as ui:
            await ui.press("escape")
            assert "r opens the proposal again" in ui.row(-1)
            await ui.frame()
            assert ui.on_top() is ui.screen
            assert "? your decision" in ui.row(0)

    async def test_the_same_proposal_of_the_next_round_comes_by_itself_again(self) -> None:
        link = FakeLink(waiting_run())
        async with started(link) as ui:
            (first,) = (event for event in waiting_run() if isinstance(event, ev.Proposed))
            await ui.press("a")
            # All of it in one frame: the cockpit never sees that nothing waited in between.
            await ui.feed(
                ev.Decided(round=1, proposal="lr-third", decision="accepted", who="person"),
                ev.RoundStarted(round=2, step=600, last_step=1200),
                ev.Proposed(round=2, step=700, proposals=first.proposals),
            )
            await ui.frame()
            assert isinstance(ui.on_top(), ProposalDialog)
            await ui.press("x")
            assert [isinstance(one, Decide) and one.accept for one in link.sent] == [True, False]

    async def test_it_closes_when_it_was_decided_elsewhere(self) -> None:
        async with started(FakeLink(waiting_run())) as ui:
            await ui.feed(ev.Decided(round=1, proposal="lr-third", decision="rejected", who="somebody else"))
            assert ui.on_top() is ui.screen

    async def test_a_probe_that_ends_meanwhile_is_shown(self) -> None:
        async with started(FakeLink(waiting_run())) as ui:
            await ui.feed(ev.Probed(round=1, proposal="late-one", from_step=600, steps=40, loss=2.2))
            assert "probe late-one" in ui.text()

    async def test_several_are_looked_at_side_by_side(self) -> None:
        more = [
            ev.Proposal(id=name, title=f"proposal {name}", reason="r", changes={"train.learning_rate": 1e-3})
            for name in ("first", "second")
        ]
        link = FakeLink([*scripted_run(100), ev.Proposed(round=1, step=100, proposals=more)])
        async with started(link) as ui:
            assert "proposal 1 of 2" in ui.text()
            await ui.press("right", "a")
            (decide,) = link.sent
            assert isinstance(decide, Decide)
            assert decide.proposal == "second"

    async def test_a_change_of_ones_own(self) -> None:
        async with started(FakeLink(waiting_run())) as ui:
            await ui.press("o")
            assert isinstance(ui.on_top(), ChangesDialog)
            await ui.press("ctrl+u", *"5e-4", "enter")
            (decide,) = ui.link.sent
            assert isinstance(decide, Decide)
            assert (decide.proposal, decide.accept) == ("own", True)
            assert decide.changes == {"train.learning_rate": 5e-4}

    async def test_a_read_only_view_is_not_asked(self) -> None:
        link = FakeLink(waiting_run(), status="readonly")
        async with started(link, make_app(link, readonly=True)) as ui:
            assert ui.on_top() is ui.screen

    async def test_a_settings_list_can_not_be_typed(self) -> None:
        strange = ev.Proposal(id="s", title="t", reason="r", changes={"evaluate.prompts": "x", "no.such": 1})
        link = FakeLink([*scripted_run(100), ev.Proposed(round=1, step=100, proposals=[strange])])
        async with started(link) as ui:
            await ui.press("e", "enter")
            assert "evaluate.prompts" in ui.text()
            assert isinstance(ui.on_top(), ChangesDialog)
            assert link.sent == []


class TestHelp:
    @pytest.mark.parametrize("size", [(160, 45), (80, 24)])
    async def test_every_line_can_be_read(self, size: tuple[int, int]) -> None:
        async with started(FakeLink(scripted_run(100)), size=size) as ui:
            await ui.press("?")
            pages = [ui.text()]
            while len(pages) < 2 or pages[-1] != pages[-2]:
                await ui.press("pagedown")
                pages.append(ui.text())
            seen = "".join(pages)
            for piece in ("Pause before the next step", "Show fewer steps", "All keys.", "rolled back"):
                assert piece in seen, piece

    async def test_escape_and_q_close_it(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            for key in ("escape", "q"):
                await ui.press("?")
                assert isinstance(ui.on_top(), HelpDialog)
                await ui.press(key)
                assert ui.on_top() is ui.screen


class TestTypedAhead:
    """Over a slow line many keys come at once: they mean what they would mean one by one."""

    async def test_a_choice_in_a_dialog_that_is_only_opening(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.type("q", "enter")
            await ui.until(lambda: not ui.app.is_running or ui.app._exit, "the cockpit to leave")
        assert ui.app.return_value == "detached"

    async def test_a_value_in_a_form_that_is_only_opening(self) -> None:
        async with started(FakeLink(scripted_run(100))) as ui:
            await ui.type("a", "ctrl+u", *"0.25", "down", "ctrl+u", *"linear", "enter")
            await ui.until(lambda: bool(ui.link.sent), "the adjustment")
            (adjust,) = ui.link.sent
            assert isinstance(adjust, Adjust)
            assert adjust.changes == {"train.learning_rate": 0.25, "train.lr_scheduler_type": "linear"}

    async def test_keys_go_to_the_pane_that_was_just_focused(self) -> None:
        async with started(FakeLink(scripted_run(400))) as ui:
            await ui.type("6", "down", "down", "down")
            pane = ui.screen.board.panes["settings"]
            assert isinstance(pane, TextPane)
            assert pane.top == 3


async def test_a_dialog_over_a_screen_that_shrinks() -> None:
    async with started(FakeLink(waiting_run())) as ui:
        for size in ((80, 24), (20, 5), (300, 90), (1, 1), (120, 36)):
            await ui.pilot.resize_terminal(*size)
            await ui.pilot.pause()
        assert isinstance(ui.on_top(), ProposalDialog)
        assert not isinstance(ui.on_top(), QuitDialog)

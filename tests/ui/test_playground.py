"""Prompts to the current weights and their answers as they are written."""

from __future__ import annotations

from msopt_tui.protocol import events as ev
from msopt_tui.protocol.commands import CancelAnswer, Command, Evaluate
from msopt_tui.ui.screens.playground import PlaygroundDialog
from tests.ui.cockpit import Cockpit, make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import ended_run, scripted_run


def last(ui: Cockpit) -> Command:
    return ui.link.sent[-1]


def grew(command: Command, kept: int, text: str) -> ev.AnswerGrew:
    return ev.AnswerGrew(id=command.id, kept=kept, text=text)


async def test_an_answer_is_read_as_it_is_written_and_the_next_prompt_is_typed_at_once() -> None:
    async with started(FakeLink(scripted_run(100))) as ui:
        await ui.press("t")
        await ui.type(*"who?", "enter")
        asked = last(ui)
        assert isinstance(asked, Evaluate)
        assert asked.prompt == "who?"
        assert "› who?" in ui.text()
        assert "the run comes to it between two steps" in ui.text()
        ui.link.feed(grew(asked, 0, "the kat"))
        await ui.until(lambda: "the kat ▌" in ui.text(), "the dialog to look by itself")
        await ui.feed(grew(asked, 4, "cat \x1b[31msat"))
        assert "the cat" in ui.text()
        assert "\x1b" not in ui.text()
        answer = ev.Answered(id=asked.id, step=100, prompt="who?", text="the cat sat on the mat")
        ui.link.apply_last(100, answer)
        await ui.frame()
        assert "› who?  step 100" in ui.text()
        assert "the cat sat on the mat" in ui.text()
        await ui.type(*"b", "enter")
        ui.link.refuse_last("the weights in memory are a race's")
        await ui.frame()
        assert "✗ the weights in memory are a race's" in ui.text()
        await ui.press("up", "up")
        await ui.press("enter")
        repeated = last(ui)
        assert isinstance(repeated, Evaluate)
        assert repeated.prompt == "who?", "earlier prompts are a key away"
        assert isinstance(ui.on_top(), PlaygroundDialog)


async def test_esc_cancels_what_is_being_written_then_closes_and_the_answers_stay() -> None:
    async with started(FakeLink(scripted_run(100)), size=(80, 24)) as ui:
        await ui.press("t")
        await ui.type(*"go on", "enter")
        asked = last(ui)
        await ui.feed(grew(asked, 0, "and on and"))
        await ui.press("escape")
        cancel = last(ui)
        assert isinstance(cancel, CancelAnswer)
        assert cancel.answer == asked.id
        cut = ev.Answered(id=asked.id, step=100, prompt="go on", text="and on and", cancelled=True)
        await ui.feed(cut, ev.CommandApplied(id=asked.id, command="evaluate", step=100))
        assert "and on and … cancelled" in ui.text()
        await ui.press("escape")
        assert ui.on_top() is ui.screen
        await ui.press("t")
        assert "and on and … cancelled" in ui.text()
        await ui.feed(*(ev.Answered(id=str(n), step=100, prompt=f"question {n}", text="yes") for n in range(30)))
        assert "question 29" in ui.text()
        await ui.press("pageup")
        assert "question 29" not in ui.text()
        await ui.press("pagedown", "escape")
        assert ui.on_top() is ui.screen


async def test_where_nobody_takes_commands_there_is_no_playground() -> None:
    link = FakeLink(ended_run("completed"))
    async with started(link, make_app(link)) as ui:
        await ui.press("t")
        assert "no engine takes commands here" in ui.row(-1)

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msopt_tui.arguments import UsageError
from msopt_tui.link.base import LinkStatus
from msopt_tui.link.tail import JournalTail
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.events import Event
from msopt_tui.send import VERBS, parse, send_and_wait


def test_every_verb_makes_its_command() -> None:
    assert isinstance(parse(["pause"], []), cmd.Pause)
    assert parse(["pause", "500"], []).detail == "at step 500"
    adjust = parse(["adjust"], ["train.learning_rate=1e-4", "train.eval_steps=5"])
    assert isinstance(adjust, cmd.Adjust)
    assert adjust.changes == {"train.learning_rate": "1e-4", "train.eval_steps": "5"}
    ask = parse(["ask", "the", "cat"], [])
    assert (ask.name, ask.detail) == ("ask", "the cat"), "the answer names what was asked"
    assert parse(["evaluate", "/tmp/a.txt"], []).detail == "/tmp/a.txt"
    assert parse(["rollback", "40"], []).detail == "to checkpoint 40"
    assert parse(["unpin", "40"], []).name == "unpin"
    edited = parse(["accept"], ["train.learning_rate=1e-4"])
    assert isinstance(edited, cmd.Decide)
    assert edited.changes == {"train.learning_rate": "1e-4"}
    for verb in VERBS:
        if verb not in ("adjust", "ask", "until", "rollback"):
            assert parse([verb], []).who


@pytest.mark.parametrize(
    ("words", "overrides"),
    [
        ([], []),
        (["paus"], []),
        (["adjust"], []),
        (["save", "now"], []),
        (["pause", "soon"], []),
        (["until"], []),
        (["ask"], []),
        (["stop"], ["a.b=1"]),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(words: list[str], overrides: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(words, overrides)


def test_a_reason_goes_with_an_adjustment_only() -> None:
    command = parse(["adjust"], ["train.learning_rate=1e-4"], "it was too fast")
    assert isinstance(command, cmd.Adjust)
    assert command.why == "it was too fast"
    with pytest.raises(UsageError, match="--why"):
        parse(["save"], [], "because")


class Answering:
    """A link whose engine answers every command the same way."""

    run_dir = Path("/nowhere")
    reason = "nobody is there"
    behind = False

    def __init__(self, refuse: str = "", status: LinkStatus = "live") -> None:
        self.status: LinkStatus = status
        self.sent: list[cmd.Command] = []
        self._refuse = refuse
        self._events: list[Event] = [
            ev.Proposed(round=1, step=3, proposals=[ev.Proposal(id="longer", title="t", reason="r", changes={})])
        ]

    def poll(self, seconds: float = 0.05) -> list[Event]:
        events, self._events = self._events, []
        return events

    def go_on_from(self, tail: JournalTail) -> None:
        raise AssertionError("nobody has read ahead")

    def send(self, command: cmd.Command) -> None:
        self.sent.append(command)
        stranger = ev.CommandApplied(id="other", command="save", step=1)
        if self._refuse:
            mine: Event = ev.CommandRefused(id=command.id, command=command.name, reason=self._refuse)
        else:
            mine = ev.CommandApplied(id=command.id, command=command.name, step=7)
        self._events = [stranger, mine]

    def close(self) -> None: ...


def test_the_answer_is_ours_and_not_somebody_elses(capsys: pytest.CaptureFixture[str]) -> None:
    assert send_and_wait(Answering(), parse(["evaluate"], []), as_json=False) == 0
    assert capsys.readouterr().out == "evaluate applied at step 7\n"


def test_a_refusal_is_a_failure_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert send_and_wait(Answering(refuse="not paused"), parse(["continue"], []), as_json=False) == 1
    assert "not paused" in capsys.readouterr().err


def test_json_is_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert send_and_wait(Answering(), parse(["save"], []), as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["type"] == "CommandApplied"


def test_a_decision_names_the_proposal_that_waits() -> None:
    link = Answering()
    send_and_wait(link, parse(["accept"], []), as_json=False)
    assert isinstance(link.sent[0], cmd.Decide)
    assert link.sent[0].proposal == "longer"


@pytest.mark.parametrize("status", ["ended", "lost", "readonly"])
def test_nobody_there_is_said(status: LinkStatus, capsys: pytest.CaptureFixture[str]) -> None:
    assert send_and_wait(Answering(status=status), parse(["save"], []), as_json=False) == 1
    assert "nobody is there" in capsys.readouterr().err

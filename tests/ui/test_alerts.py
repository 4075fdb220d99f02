"""Alerts: rules read, told once a crossing, by every way asked for, and never about the past."""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.config.schema import AlertsTable, UiTable
from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.alerts import Alerts, Crossings, Rule, desktop_sequence, parse_rule, permitted
from tests.ui.cockpit import make_app, started
from tests.ui.fake_link import FakeLink
from tests.ui.scripted import scripted_run

STARTED = [ev.RunStarted(run="r", project="p", settings={})]


def steps(first: int, *losses: float | None) -> ev.StepsDone:
    rates = [1e-3] * len(losses)
    return ev.StepsDone(
        first=first, losses=list(losses), grad_norms=list(losses), learning_rates=rates, seconds=1.0, tokens=10
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("failed", Rule("failed")),
        (" loss<2 ", Rule("loss", "<", 2.0)),
        ("train_loss >= 1e1", Rule("train_loss", ">=", 10.0)),
    ],
)
def test_rules(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no rule"),
        ("exploded", "or one of ended, completed, failed"),
        ("loss = 2", "is no rule"),
        ("los < 2", "los is no metric: there are train_loss"),
        ("loss < nan", "is no number"),
        ("loss < two", "is no number"),
    ],
)
def test_what_is_no_rule_says_how_to_write_one(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_rule(text)
    alerts = Alerts(AlertsTable(rules=["failed", text]))
    assert len(alerts.problems) == 1
    assert alerts.problems[0].startswith("ui.alerts.rules: ")


@given(
    st.lists(st.none() | st.floats(0, 4) | st.sampled_from([2.0, float("nan")]), max_size=30),
    st.lists(st.booleans(), max_size=30),
)
def test_once_a_crossing_however_often_one_looks(values: list[float | None], looks: list[bool]) -> None:
    state, crossings, told = RunState(), Crossings(Rule("train_loss", ">", 2.0)), 0
    for event in STARTED:
        state.apply(event)
    for number, value in enumerate(values):
        state.apply(steps(number + 1, value))
        if number < len(looks) and looks[number]:
            told += len(crossings.look(state))
    told += len(crossings.look(state))
    told += len(crossings.look(state))
    held = [value > 2.0 for value in values if value is not None and value == value]
    assert told == sum(now and not before for before, now in zip([False, *held], held, strict=False))


def test_what_became_of_the_run_is_told_once() -> None:
    state, alerts = RunState(), Alerts(AlertsTable(rules=["paused", "ended", "failed", "completed"]))
    state.apply(STARTED[0])
    assert alerts.look(state, is_past=False) == []
    state.apply(steps(1, 2.0))
    state.apply(ev.Paused(step=1, reason="asked"))
    assert alerts.look(state, is_past=False) == ["paused at step 1"]
    assert alerts.look(state, is_past=False) == []
    state.apply(ev.Continued(step=1))
    assert alerts.look(state, is_past=False) == []
    state.apply(ev.Paused(step=1, reason="asked"))
    assert alerts.look(state, is_past=False) == ["paused at step 1"]
    state.apply(ev.RunEnded(status="failed", step=1, reason="out of memory"))
    assert alerts.look(state, is_past=False) == [
        "failed at step 1: out of memory",
        "failed at step 1: out of memory",
    ]
    assert alerts.look(state, is_past=False) == []


def test_the_past_is_no_news() -> None:
    state, alerts = RunState(), Alerts(AlertsTable(rules=["train_loss > 2"]))
    state.apply(STARTED[0])
    state.apply(steps(1, 3.0))
    assert alerts.look(state, is_past=False) == [], "so it was before anybody looked"
    state.apply(steps(2, 1.0, 3.0))
    assert alerts.look(state, is_past=True) == [], "still reading the journal"
    state.apply(steps(4, 1.0, 3.5))
    assert alerts.look(state, is_past=False) == ["train loss 3.5 > 2 at step 5"]
    assert alerts.look(RunState(), is_past=False) == []


@given(st.text(max_size=60))
def test_a_message_never_breaks_out_of_its_sequence(text: str) -> None:
    sequence = desktop_sequence(text)
    assert sequence.startswith("\x1b]")
    assert sequence.endswith("\x07")
    assert not any(char in sequence[2:-1] for char in "\x1b\x07\x9c\n\r")


def test_the_sequence_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VTE_VERSION", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert desktop_sequence("a;4") == "\x1b]9;msopt-tui: a 4\x07"
    monkeypatch.setenv("TERM", "foot")
    assert desktop_sequence("a") == "\x1b]777;notify;msopt-tui;a\x07"


async def test_every_way_of_telling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[object] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.handle_request, daemon=True).start()
    out = tmp_path / "out"
    write = f"import sys; open({str(out)!r}, 'w').write(sys.argv[1])"
    table = AlertsTable(
        rules=["train_loss > 50", "nonsense"],
        command=[sys.executable, "-c", write],
        webhook=f"http://127.0.0.1:{server.server_port}/",
    )
    link = FakeLink(scripted_run(100), run_dir=tmp_path)
    async with started(link, make_app(link, ui=UiTable(alerts=table))) as ui:
        written: list[str] = []
        driver = ui.app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", written.append)
        monkeypatch.setattr(ui.app, "bell", lambda: written.append("bell"))
        await ui.feed(steps(101, 60.0))
        notes = [note.message for note in ui.app._notifications]
        run = link.run_dir.name
        assert any("nonsense" in note for note in notes)
        assert f"{run}: train loss 60 > 50 at step 101" in notes
        assert "bell" in written
        assert any(data.startswith("\x1b]") for data in written)
        await ui.until(lambda: bool(got) and out.exists() and bool(out.read_text()), "the command and the webhook")
        assert got == [{"run": run, "text": f"{run}: train loss 60 > 50 at step 101"}]
        assert out.read_text() == f"{run}: train loss 60 > 50 at step 101"
    server.server_close()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (AlertsTable(rules=["train_loss > 50"], by=["toast"], command=["/no/such/program"]), "can't be run"),
        (AlertsTable(rules=["train_loss > 50"], by=["toast"], command=["false"]), "exited with 1"),
        (AlertsTable(rules=["train_loss > 50"], by=["toast"], webhook="file:///etc/passwd"), "begins with http"),
        (AlertsTable(rules=["train_loss > 50"], by=["toast"], webhook="http://127.0.0.1:9/"), "ui.alerts.webhook: "),
    ],
)
async def test_what_fails_is_said(table: AlertsTable, words: str, tmp_path: Path) -> None:
    link = FakeLink(scripted_run(100), run_dir=tmp_path)
    async with started(link, make_app(link, ui=UiTable(alerts=table))) as ui:
        await ui.feed(steps(101, 60.0))
        await ui.until(lambda: any(words in note.message for note in ui.app._notifications), words)


def test_a_run_of_another_user_runs_no_command_of_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = AlertsTable(rules=["ended"], by=["bell"], command=["notify"], webhook="http://127.0.0.1:9/")
    assert permitted(table, tmp_path) == (table, "")
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    left, why = permitted(table, tmp_path)
    assert left == AlertsTable(rules=["ended"], by=["bell"])
    assert "another user" in why
    assert permitted(left, tmp_path) == (left, "")


def test_nothing_is_run_for_a_directory_that_is_gone(tmp_path: Path) -> None:
    left, why = permitted(AlertsTable(rules=["ended"], command=["notify"]), tmp_path / "gone")
    assert not left.command
    assert why

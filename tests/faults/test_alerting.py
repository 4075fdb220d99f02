"""Alerts of the engine: the command and the webhook of a run that nobody watches, and what can go wrong with them."""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from msopt_tui.config.schema import AlertsTable
from msopt_tui.engine.alerting import Alerting, permitted
from msopt_tui.protocol import events as ev
from msopt_tui.state.run_state import RunState
from tests.projects import Session, events_of


def alerting(table: AlertsTable, run_dir: Path) -> tuple[RunState, Alerting, list[str]]:
    state, said = RunState(), list[str]()
    state.apply(ev.RunStarted(run="r", project="p", settings={}))
    return state, Alerting(table, run_dir, state, said.append), said


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (AlertsTable(rules=["failed"], command=["/no/such/program"]), "can't be run"),
        (AlertsTable(rules=["failed"], command=["false"]), "exited with 1"),
        (AlertsTable(rules=["failed"], webhook="file:///etc/passwd"), "begins with http"),
        (AlertsTable(rules=["failed"], webhook="http://127.0.0.1:9/"), "ui.alerts.webhook: "),
    ],
)
def test_what_fails_is_said(table: AlertsTable, words: str, tmp_path: Path) -> None:
    state, alerts, said = alerting(table, tmp_path)
    state.apply(ev.RunEnded(status="failed", step=3, reason="\x1b[2J"))
    assert [alert.text for alert in alerts.look()] == ["failed at step 0: \ufffd[2J"]
    alerts.wait()
    assert len(said) == 1
    assert words in said[0]


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


def test_a_run_that_nobody_watches_tells_by_command_and_webhook(session: Session, tmp_path: Path) -> None:
    got: list[object] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out = tmp_path / "out"
    write = f"import sys; open({str(out)!r}, 'a').write(sys.argv[1] + chr(10))"
    table = f"""
[ui.alerts]
rules = ["train_loss > 0", "completed", "nonsense"]
command = {json.dumps([sys.executable, "-c", write])}
webhook = "http://127.0.0.1:{server.server_port}/"
"""
    session.project.write_text(session.project.read_text() + table)
    run = session.train("train.max_steps=20")
    server.shutdown()
    server.server_close()
    events = events_of(run)
    told = [event.text for event in events if isinstance(event, ev.Alerted)]
    assert [text.split()[0] for text in told] == ["train", "completed"]
    assert isinstance(events[-1], ev.RunEnded), "an end is the last word"
    assert any(isinstance(event, ev.Noted) and "nonsense is no rule" in event.text.replace("'", "") for event in events)
    messages = [f"{run.name}: {text}" for text in told]
    assert sorted(out.read_text().splitlines()) == sorted(messages)
    assert sorted(str(one) for one in got) == sorted(str({"run": run.name, "text": text}) for text in messages)

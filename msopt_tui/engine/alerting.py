"""`[ui.alerts]` at work: the engine looks at the rules, so that a person hears also of a run that nobody watches."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from msopt_tui.config.ui_table import AlertsTable
from msopt_tui.protocol.events import Alerted
from msopt_tui.state.alert_rules import AlertRules
from msopt_tui.state.run_state import RunState
from msopt_tui.state.text import clean

COMMAND_SECONDS = 60.0
WEBHOOK_SECONDS = 10.0
END_SECONDS = 12.0
"""How long the end of an engine waits for what is being sent: a webhook's time and a little."""
LONGEST = 200
"""Characters of a message."""


class Alerting:
    """The alerts of one run: what to write into its journal, and the command and the webhook of the person."""

    def __init__(self, table: AlertsTable, run_dir: Path, state: RunState, say: Callable[[str], None]) -> None:
        """`say` hears what is wrong or fails, from any thread."""
        self._table, why = permitted(table, run_dir)
        self._rules = AlertRules(table.rules, state)
        self._run = run_dir.name
        self._state = state
        self._say = say
        self._sending: list[threading.Thread] = []
        for problem in [*self._rules.problems, *filter(None, [why])]:
            say(problem)

    def look(self) -> list[Alerted]:
        """What is to be told now; command and webhook are on their way."""
        told = [Alerted(step=self._state.step, text=clean(text)[:LONGEST]) for text in self._rules.look()]
        if told and (self._table.command or self._table.webhook):
            thread = threading.Thread(target=self._send, args=(told,), name="alert", daemon=True)
            self._sending = [one for one in self._sending if one.is_alive()] + [thread]
            thread.start()
        return told

    def wait(self) -> None:
        """Give what is being sent its time; a command that takes longer goes on without us."""
        until = time.monotonic() + END_SECONDS
        for thread in self._sending:
            thread.join(max(until - time.monotonic(), 0.0))

    def _send(self, told: list[Alerted]) -> None:
        for alert in told:
            message = f"{self._run}: {alert.text}"
            for problem in (
                *_commanded(self._table.command, message),
                *_posted(self._table.webhook, self._run, message),
            ):
                self._say(problem)


def permitted(table: AlertsTable, run_dir: Path) -> tuple[AlertsTable, str]:
    """The table as far as it may act here, and why not all of it, empty where it may.

    A run directory brings its settings along: resuming the run of another user must not run that user's command.
    """
    if not (table.command or table.webhook):
        return table, ""
    try:
        is_ours = run_dir.stat().st_uid == os.getuid()
    except OSError:
        is_ours = False
    if is_ours:
        return table, ""
    why = "ui.alerts: the run's directory is another user's, so its command and webhook are left out"
    return msgspec.structs.replace(table, command=[], webhook=""), why


def _commanded(argv: list[str], message: str) -> Iterator[str]:
    """Run a command without a shell, the message as its last argument; what went wrong."""
    if not argv:
        return
    try:
        done = subprocess.run(
            [*argv, message],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        yield f"ui.alerts.command ended after {COMMAND_SECONDS:.0f} s: {argv[0]}"
    except (OSError, ValueError) as error:
        yield f"ui.alerts.command can't be run: {error}"
    else:
        if done.returncode:
            yield f"ui.alerts.command exited with {done.returncode}: {argv[0]}"


def _posted(url: str, run: str, message: str) -> Iterator[str]:
    """POST the message as JSON; what went wrong."""
    if not url:
        return
    from urllib.request import Request, urlopen

    if not url.startswith(("http://", "https://")):
        yield "ui.alerts.webhook begins with http:// or https://"
        return
    body = msgspec.json.encode({"run": run, "text": message})
    try:
        request = Request(url, data=body, headers={"Content-Type": "application/json"})
        urlopen(request, timeout=WEBHOOK_SECONDS).close()
    except (OSError, ValueError) as error:
        yield f"ui.alerts.webhook: {error}"

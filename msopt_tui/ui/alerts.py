"""`[ui.alerts]`: rules about a run that is watched, and the ways in which a person hears of them."""

from __future__ import annotations

import math
import operator
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from textual.app import App

from msopt_tui.config.schema import AlertsTable
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.ui.sanitise import sanitise

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState
    from msopt_tui.state.series import Series

EVENTS = ("ended", "completed", "failed", "stopped", "paused", "deciding", "stalled")
COMMAND_SECONDS = 60.0
WEBHOOK_SECONDS = 10.0
LONGEST = 200
"""Characters of a message."""
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_RULE = re.compile(r"\s*([\w/.-]+)\s*(<=|>=|<|>)\s*(\S+)\s*")
_TRAINING = ("train_loss", "grad_norm", "learning_rate")


class Rule(NamedTuple):
    """A bound on a figure, or something that happens to the run (`sign` empty)."""

    name: str
    sign: str = ""
    bound: float = 0.0


def parse_rule(text: str) -> Rule:
    """Read `loss > 5` or `failed`. Raises ValueError with the way out."""
    word = text.strip()
    if word in EVENTS:
        return Rule(word)
    match = _RULE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no rule: write one like 'loss < 2' or one of {', '.join(EVENTS)}")
    name, sign, number = match.groups()
    if name not in METRICS and name not in _TRAINING:
        raise ValueError(f"{name} is no metric: there are {', '.join([*_TRAINING, *METRICS])}")
    try:
        bound = float(number)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise ValueError(f"{number} in {text!r} is no number")
    return Rule(name, sign, bound)


def permitted(table: AlertsTable, run_dir: Path) -> tuple[AlertsTable, str]:
    """The table as far as it may act here, and why not all of it, empty where it may.

    A run directory brings its settings along: looking at the run of another user must not run that user's command.
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


class Crossings:
    """One rule about one run: says when it begins to hold, not that it goes on holding."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._held = False
        self._last_step = -1

    def look(self, state: RunState) -> list[str]:
        """What there is to say since the last look: once for each time that the rule began to hold."""
        if not self._rule.sign:
            return self._happened(state)
        series = self._series(state)
        last = series.last_step if series is not None else None
        if series is None or last is None:
            return []
        if last < self._last_step:  # the run went back: what it does now is new
            self._last_step = last - 1
        texts = []
        for step, value in series.points(self._last_step + 1, last):
            if self._begins(_SIGNS[self._rule.sign](value, self._rule.bound)):
                texts.append(f"{self._label} {value:.4g} {self._rule.sign} {self._rule.bound:g} at step {step:,}")
        self._last_step = last
        return texts

    def _happened(self, state: RunState) -> list[str]:
        name, ended = self._rule.name, state.ended
        holds = ended is not None if name == "ended" else state.status == name
        if not self._begins(holds):
            return []
        word = state.status if name == "ended" else "waits for a decision" if name == "deciding" else name
        reason = f": {ended.reason}" if ended is not None and ended.reason else ""
        return [f"{word} at step {state.step:,}{reason}"]

    def _begins(self, holds: bool) -> bool:
        begins = holds and not self._held
        self._held = holds
        return begins

    @property
    def _label(self) -> str:
        name = self._rule.name
        return METRICS[name].label if name in METRICS else name.replace("_", " ")

    def _series(self, state: RunState) -> Series | None:
        training = {"train_loss": state.losses, "grad_norm": state.grad_norms, "learning_rate": state.learning_rates}
        name = self._rule.name
        return training[name] if name in training else state.metrics.get(name)


class Alerts:
    """All rules about the run on the screen."""

    def __init__(self, table: AlertsTable) -> None:
        self.problems: list[str] = []
        """What in `rules` can't be read, one line each; the others count."""
        self._rules: list[Rule] = []
        for text in table.rules:
            try:
                self._rules.append(parse_rule(text))
            except ValueError as error:
                self.problems.append(f"ui.alerts.rules: {error}")
        self._state: RunState | None = None
        self._crossings: list[Crossings] = []

    def look(self, state: RunState, *, is_past: bool) -> list[str]:
        """What to tell a person now. What was so before they looked, or is read of the past, is no news."""
        is_first = state is not self._state
        if is_first:
            self._state = state
            self._crossings = [Crossings(rule) for rule in self._rules]
        texts = [text for crossings in self._crossings for text in crossings.look(state)]
        return [] if is_first or is_past else texts


def tell(app: App[object], table: AlertsTable, run: str, text: str) -> None:
    """Let a person know, in every way they asked for; what fails is said on the screen."""
    message = sanitise(f"{run}: {text}", multiline=False, max_line=LONGEST)
    by = table.by or ["toast", "bell", "desktop"]
    if "toast" in by:
        app.notify(message, title="alert", severity="warning", timeout=15, markup=False)
    if "bell" in by:
        app.bell()
    driver = app._driver
    if "desktop" in by and driver is not None:
        driver.write(desktop_sequence(message))
    if not table.command and not table.webhook:
        return

    def work() -> None:
        for problem in (*_commanded(table.command, message), *_posted(table.webhook, run, text)):
            app.call_from_thread(app.notify, problem, severity="error", markup=False)

    threading.Thread(target=work, name="alert", daemon=True).start()


def desktop_sequence(message: str) -> str:
    """The terminal's own way to a desktop notification: OSC 777 where it is known to be that, else OSC 9.

    Nothing of the message can end the sequence or begin another: control characters and `;` are taken out.
    """
    safe = "".join(char if char.isprintable() and char != ";" else " " for char in message)
    is_777 = os.environ.get("TERM", "").startswith(("rxvt", "foot")) or "VTE_VERSION" in os.environ
    return f"\x1b]777;notify;msopt-tui;{safe}\x07" if is_777 else f"\x1b]9;msopt-tui: {safe}\x07"


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


def _posted(url: str, run: str, text: str) -> Iterator[str]:
    """POST the message as JSON; what went wrong."""
    if not url:
        return
    from urllib.request import Request, urlopen

    if not url.startswith(("http://", "https://")):
        yield "ui.alerts.webhook begins with http:// or https://"
        return
    body = msgspec.json.encode({"run": run, "text": f"{run}: {text}"})
    try:
        request = Request(url, data=body, headers={"Content-Type": "application/json"})  # see above
        urlopen(request, timeout=WEBHOOK_SECONDS).close()
    except (OSError, ValueError) as error:
        yield f"ui.alerts.webhook: {error}"

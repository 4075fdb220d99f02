"""The rules of `[ui.alerts]`: a bound on a figure or something that happens to a run, and when one begins to hold."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from msopt_tui.protocol.metrics import METRICS

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState
    from msopt_tui.state.series import Series

EVENTS = ("ended", "completed", "failed", "stopped", "paused", "deciding", "stalled")
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


class AlertRules:
    """All rules about one run."""

    def __init__(self, rules: Iterable[str], state: RunState) -> None:
        """What already holds in `state`, an empty one or that of a run taken up again, is no news."""
        self.problems: list[str] = []
        """What can't be read, one line each; the others count."""
        self._state = state
        self._crossings: list[Crossings] = []
        for text in rules:
            try:
                self._crossings.append(Crossings(parse_rule(text)))
            except ValueError as error:
                self.problems.append(f"ui.alerts.rules: {error}")
        self.look()

    def look(self) -> list[str]:
        """What there is to tell since the last look."""
        return [text for crossings in self._crossings for text in crossings.look(self._state)]

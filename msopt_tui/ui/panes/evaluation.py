"""The evaluation table: metrics over evaluations, newest first, the best marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.protocol.events import Evaluated
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.state.numbers import compact
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Words

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

_ARROWS = {"lower": "↓", "higher": "↑"}
_COLUMN = 9


class EvaluationPane(TextPane):
    """One row an evaluation; the arrow at a metric says which way is better."""

    PANE = "evaluation"
    TITLE = "evaluation"

    def looks_at(self, state: RunState) -> object:
        """The evaluations and the test at the end."""
        return len(state.evaluations), state.best and state.best.step, state.test is not None

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """Header, test, best where it would be out of view, then all."""
        names = _names(state)
        names = names[: max((width - 9) // _COLUMN, 1)]
        if not state.evaluations and state.test is None:
            return [[("no evaluation yet", "muted")]]
        lines = [_header(names)]
        if state.test is not None:
            lines.append(_row("TEST", state.test, names, "accent"))
        rows = list(reversed(state.evaluations))
        in_view = max(self.size.height - len(lines), 1)
        if state.best is not None and state.best not in rows[:in_view]:
            lines.append(_row(f"★{state.best.step:>8,}", state.best, names, "good"))
        for one in rows:
            best = one is state.best
            lines.append(_row(f"{'★' if best else ' '}{one.step:>8,}", one, names, "good" if best else ""))
        return lines


def _names(state: RunState) -> list[str]:
    """The metrics there are, in the order of the table of metrics, unknown ones last."""
    present = dict.fromkeys(state.metrics)
    if state.test is not None:
        present |= dict.fromkeys(state.test.metrics)
    order = list(METRICS)
    return sorted(present, key=lambda name: order.index(name) if name in METRICS else len(order))


def _header(names: Sequence[str]) -> Words:
    words: Words = [(f"{'step':>9}", "muted")]
    for name in names:
        metric = METRICS.get(name)
        arrow = _ARROWS[metric.better] if metric else ""
        short = metric.short if metric else name[: _COLUMN - 3]
        words.append((f"{short} {arrow}".rjust(_COLUMN), "muted"))
    return words


def _row(label: str, one: Evaluated, names: Sequence[str], role: Role) -> Words:
    return [(f"{label:>9}", role), *((_value(name, one.metrics.get(name)).rjust(_COLUMN), role) for name in names)]


def _value(name: str, value: float | None) -> str:
    """With the digits worth showing; ✗ for what is not finite or missing."""
    if value is None:
        return "✗"
    metric = METRICS.get(name)
    text = f"{value:.{metric.digits if metric else 4}f}"
    return text if len(text) < _COLUMN else compact(value)

"""The evaluation table: metrics over evaluations, newest first, the best marked; below it the loss of each source and
the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from msopt_tui.protocol.events import Evaluated
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.state.figures import by_source
from msopt_tui.state.numbers import compact
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.panes.confusion import matrix_lines
from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Words, wrap

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

_ARROWS = {"lower": "↓", "higher": "↑"}
_COLUMN = 9
_MOST = 1_000
"""Evaluations in the table; the older ones are on the curves."""
_ROWS = 3
"""Rows of the table that stay in view above a confusion matrix, its header among them."""
_CLASSES = 8
"""The pane grows with the classes up to so many."""
_SOURCES = 6
"""And with the sources up to so many."""


def rows_wanted(state: RunState) -> int:
    """Lines that a confusion matrix or losses by source, and the latest figures above them, take; 0 without both."""
    if not state.evaluations:
        return 0
    confusion, sources = state.evaluations[-1].confusion, len(state.evaluations[-1].source_losses)
    below = min(len(confusion.labels), _CLASSES) + 3 if confusion is not None else 0
    below += min(sources, _SOURCES) + 1 if sources else 0
    return below + _ROWS + 2 if below else 0


class EvaluationPane(TextPane):
    """One row an evaluation; the arrow at a metric says which way is better."""

    PANE = "evaluation"
    TITLE = "evaluation"

    def looks_at(self, state: RunState) -> object:
        """The evaluations and the test at the end."""
        return len(state.evaluations), state.best and state.best.step, state.test is not None

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """Header, test, best where it would be out of view, then all; losses by source and a confusion matrix come
        before the old ones."""
        latest = state.test or (state.evaluations[-1] if state.evaluations else None)
        if latest is None:
            return [[("no evaluation yet", "muted")]]
        rows = state.evaluations[: -_MOST - 1 : -1]
        names = _fitting(state, rows, max((width - 9) // _COLUMN, 1))
        below = [*_by_source(state, latest, width), *confusion_lines(latest, width)]
        lines = [_header(names)]
        if state.test is not None:
            lines.append(_row("TEST", state.test, names, "accent"))
        in_view = max(self.size.height - len(lines) - len(below), _ROWS - 1 if below else 1)
        if state.best is not None and state.best not in rows[:in_view]:
            lines.append(_row(f"★{state.best.step:>8,}", state.best, names, "good"))
        table = [_step_row(one, names, one == state.best) for one in rows]
        cut = in_view if below else len(table)
        lines += [*table[:cut], *_also(latest, names, width), *below, *table[cut:]]
        if len(state.evaluations) > _MOST:
            older = f"{len(state.evaluations) - _MOST:,} older ones are on the curves, and in msopt-tui export"
            lines.append([(older, "muted")])
        return lines + _signatures(latest, width)


def _names(rows: Iterable[Evaluated]) -> list[str]:
    """The metrics there are, in the order of the table of metrics, unknown ones last."""
    present = {name: None for one in rows for name in one.metrics}
    order = list(METRICS)
    return sorted(present, key=lambda name: order.index(name) if name in METRICS else len(order))


def _fitting(state: RunState, rows: Sequence[Evaluated], count: int) -> list[str]:
    """The first of them, and in any case the one that says what is best."""
    names = _names([*rows[::-1], *filter(None, [state.test])])
    decides = state.settings.get("evaluate.metric_for_best_model")
    if decides in names[count:] and isinstance(decides, str):
        return [*names[: count - 1], decides]
    return names[:count]


def _header(names: Sequence[str]) -> Words:
    words: Words = [(f"{'step':>9}", "muted")]
    for name in names:
        metric = METRICS.get(name)
        arrow = _ARROWS[metric.better] if metric else ""
        short = metric.short if metric else name[: _COLUMN - 3]
        words.append((f"{short} {arrow}".rjust(_COLUMN), "muted"))
    return words


def _step_row(one: Evaluated, names: Sequence[str], is_best: bool) -> Words:
    return _row(f"{'★' if is_best else ' '}{one.step:>8,}", one, names, "good" if is_best else "")


def _row(label: str, one: Evaluated, names: Sequence[str], role: Role) -> Words:
    return [(f"{label:>9}", role), *((_value(name, one.metrics.get(name)).rjust(_COLUMN), role) for name in names)]


def _value(name: str, value: float | None) -> str:
    """With the digits worth showing; ✗ for what is not finite or missing."""
    if value is None:
        return "✗"
    metric = METRICS.get(name)
    text = f"{value:.{metric.digits if metric else 4}f}"
    return text if len(text) < _COLUMN else compact(value)


def _also(latest: Evaluated, names: Sequence[str], width: int) -> list[Words]:
    """The latest figures that have no column at this width."""
    rest = [name for name in latest.metrics if name not in names]
    if not rest:
        return []
    said = ", ".join(
        f"{METRICS[name].short if name in METRICS else name} {_value(name, latest.metrics[name])}" for name in rest
    )
    return [[(line, "muted")] for line in wrap(f"also: {said}", width)]


def _by_source(state: RunState, latest: Evaluated, width: int) -> list[Words]:
    """The loss of each source, and what became of it since the evaluation before; nothing for a single source."""
    before = state.evaluations[-2] if latest.split == "validation" and len(state.evaluations) > 1 else None
    rows = by_source(latest, before)
    if not rows:
        return []
    room = max(width - 2 * _COLUMN, 8)
    head = "source, in the test" if latest.split == "test" else "source"
    lines: list[Words] = [[(f"{head:<{room}}"[:room], "title"), ("loss ↓".rjust(_COLUMN), "muted")]]
    if before is not None:
        lines[0].append(("change".rjust(_COLUMN), "muted"))
    for name, loss, change in rows:
        line: Words = [(_cut(name, room), ""), (_value("loss", loss).rjust(_COLUMN), "")]
        if change is not None:
            line.append((f"{change:+.4f}".rjust(_COLUMN), "good" if change < 0 else "warn"))
        lines.append(line)
    return lines


def _cut(name: str, room: int) -> str:
    """A name in exactly so many cells; of a long one the end, which tells files apart."""
    name = sanitise(name, multiline=False)
    while cell_len(name) > room:
        name = "…" + name[2 if name.startswith("…") else 1 :]
    return set_cell_size(name, room)


def confusion_lines(latest: Evaluated, width: int) -> list[Words]:
    """The matrix of the latest evaluation under a title; nothing for tasks without classes."""
    if latest.confusion is None:
        return []
    where = " in the test" if latest.split == "test" else ""
    title: Words = [(f"confusion{where}", "title"), ("  true ↓ predicted →", "muted")]
    return [[], title, *matrix_lines(latest.confusion, width)]


def _signatures(latest: Evaluated, width: int) -> list[Words]:
    """What values were computed with, for whoever quotes them."""
    lines: list[Words] = []
    for name, signature in latest.signatures.items():
        label = METRICS[name].label if name in METRICS else name
        lines += [[(line, "muted")] for line in wrap(f"{label}: {signature}", width)]
    return [[], *lines] if lines else []

"""A run, or the list of runs, printed: `msopt-tui show` and `msopt-tui history` in a pipe. plotext draws the curves."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from msopt_tui.link.whole import read_state
from msopt_tui.plotting import Plotted, plot_width, print_curves
from msopt_tui.runs.history import list_runs
from msopt_tui.runs.lineage import tree, twig_line
from msopt_tui.state.confusion import mistakes, table_rows
from msopt_tui.state.figures import by_source_words, figures, label
from msopt_tui.state.inspection import advice, aligned, facts
from msopt_tui.state.numbers import compact, counted, duration, significant
from msopt_tui.state.run_state import RunState
from msopt_tui.state.samples import sample_line
from msopt_tui.state.series import Series
from msopt_tui.state.text import clean

MAX_CLASSES = 12
"""With more a confusion matrix is not printed, only what is confused most."""
MAX_SAMPLES = 8


def print_run(path: Path) -> int:
    """Summary, curves, evaluations and the last lines of the journal of one run."""
    state = read_state(path)
    print("\n".join(clean(line) for line in _summary(path, state)))
    if len(state.losses) > 1:
        _plot(state)
    print("\n".join(clean(line) for line in [*_evaluations(state), *_confusion(state), *_samples(state)]))
    for line in state.journal.latest(8):
        print(f"  {time.strftime('%H:%M:%S', time.localtime(line.time))}  {clean(line.text)}")
    return 0


def print_runs(runs_dir: Path, *, as_tree: bool = False) -> int:
    """One line a run, the newest first; as a tree each below the one it branched from."""
    rows = list_runs(runs_dir)
    if not rows:
        print(f"no runs in {runs_dir}", file=sys.stderr)
    if as_tree:
        for twig in tree(rows):
            print(clean(twig_line(twig)))
        return 0
    for row in rows:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.created))
        best = significant(row.best_loss) if row.best_loss is not None else "–"
        print(f"{row.status:<10} {when}  step {row.step:<8} best loss {best:<8} {clean(row.project)}/{clean(row.run)}")
    return 0


def _summary(path: Path, state: RunState) -> list[str]:
    started, model, data, ended = state.started, state.model, state.data, state.ended
    lines = [f"{path.name}  ({started.project if started else '?'})  {state.status}"]
    if model:
        lines.append(f"  model       {model.architecture}, {compact(model.parameters)} parameters on {model.device}")
    if data:
        lines.append(f"  data        {compact(data.tokens.get('train', 0))} training tokens, sha256 {data.sha256[:16]}")
    if state.inspection:
        lines.append("  examples    " + ", ".join(f"{name} {text}" for name, text in facts(state.inspection)[1:]))
        lines += [f"  !           {line}" for line in advice(state.inspection, state.settings)]
    steps, rounds = counted(state.step, "step"), counted(state.round, "round")
    lines.append(f"  trained     {steps} in {rounds}, {duration(state.train_seconds)}")
    if state.best:
        lines.append(f"  best        {figures(state.best.metrics)} at step {state.best.step}")
    if state.test:
        lines.append(f"  test        {figures(state.test.metrics)}")
    judged = state.test or state.best
    for name, signature in judged.signatures.items() if judged else ():
        lines.append(f"  signature   {label(name)}: {signature}")
    if state.adjusted:
        changed = ", ".join(f"{name} = {state.settings[name]} (was {old})" for name, old in state.adjusted.items())
        lines.append(f"  changed     {changed}")
    if ended:
        lines.append(f"  ended       {ended.status}: {ended.reason}")
    if ended and ended.model:
        lines.append(f"  model in    {path / ended.model}")
    return lines


def _plot(state: RunState) -> None:
    drawn = ((state.losses, "braille"), (state.metrics.get("loss"), "#"))
    curves = [Plotted(*_points(series, plot_width() * 2), marker) for series, marker in drawn]
    print_curves("loss: training (·), validation (#)", curves)


def _points(series: Series | None, columns: int) -> tuple[list[float], list[float]]:
    """At most two points a column, the lowest and the highest, so that no spike goes missing."""
    if series is None or not len(series):
        return [], []
    first, last = float(series.first_step or 0), float(series.last_step or 0)
    xs: list[float] = []
    ys: list[float] = []
    for at, column in enumerate(series.columns(first, last, columns)):
        if column is not None:
            x = first + (last - first) * at / max(columns - 1, 1)
            xs += [x, x]
            ys += [column.low, column.high]
    return xs, ys


def _evaluations(state: RunState) -> list[str]:
    shown = state.evaluations[-10:]
    lines = [f"  step {one.step:>7}  {figures(one.metrics)}{'  ★' if one.best else ''}" for one in shown]
    told = [one for one in (state.test, state.best) if one is not None and one.source_losses]
    where = [("test" if one.split == "test" else f"step {one.step}", by_source_words(one)) for one in told[:1]]
    lines += [f"  loss by source, {place}: {words}" for place, words in where]
    return [f"evaluations ({len(state.evaluations)}):", *lines] if lines else []


def _confusion(state: RunState) -> list[str]:
    """The matrix of the test, or of the best evaluation; what is confused most where there are many classes."""
    shown = state.test or state.best
    matrix = shown.confusion if shown else None
    if shown is None or matrix is None:
        return []
    where = "test" if shown is state.test else f"step {shown.step}"
    if len(matrix.labels) > MAX_CLASSES:
        worst = mistakes(matrix)[:MAX_CLASSES]
        lines = [f"  {one.rows:>7,} {one.share:>6.1%}  {one.true} → {one.predicted}" for one in worst]
        return [f"most confused, {where} (true → predicted):", *lines]
    table = [[clean(cell) for cell in row] for row in table_rows(matrix)]
    return [f"confusion, {where} (rows true, columns predicted):", *(f"  {line}".rstrip() for line in aligned(table))]


def _samples(state: RunState) -> list[str]:
    """What the best weights made of the prompts, or the latest."""
    best = [one for one in state.samples if state.best and one.step == state.best.step]
    shown = (best or state.samples)[-1:]
    lines = [f"  {sample_line(sample)}" for one in shown for sample in one.samples[:MAX_SAMPLES]]
    return [f"samples at step {shown[0].step}:", *lines] if lines else []

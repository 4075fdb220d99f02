"""`msopt-tui compare RUN RUN …`: the settings that differ, metrics side by side, loss curves over each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from msopt_tui.link.whole import read_state
from msopt_tui.plotting import Plotted, plot_width, print_curves
from msopt_tui.state import compare
from msopt_tui.state.inspection import aligned
from msopt_tui.state.series import Series
from msopt_tui.state.text import clean


def print_comparison(paths: Sequence[Path], *, as_json: bool) -> int:
    """Print two runs or more beside each other."""
    states = [read_state(path) for path in paths]
    settings, results = compare.settings(states), compare.results(states)
    if as_json:
        print(_json(paths, settings, results))
        return 0
    for letter, path in zip(compare.LETTERS, paths, strict=False):
        print(clean(f"{letter}  {path.parent.name}/{path.name}"))
    _print_table("settings that differ:", settings, len(paths))
    _print_table("results (★ the best):", results, len(paths))
    for title, series in (
        ("training loss", [state.losses for state in states]),
        ("validation loss", [state.metrics.get("loss") for state in states]),
    ):
        if any(one is not None and len(one) > 1 for one in series):
            _plot(title, series)
    return 0


def _json(paths: Sequence[Path], settings: list[compare.Compared], results: list[compare.Compared]) -> str:
    whole = {
        "runs": [str(path) for path in paths],
        "settings": {line.name: line.cells for line in settings},
        "results": {line.name: line.cells for line in results},
        "best": {line.name: line.best for line in results if line.best is not None},
    }
    return msgspec.json.format(msgspec.json.encode(whole)).decode()


def _print_table(title: str, lines: list[compare.Compared], runs: int) -> None:
    print(title)
    if not lines:
        print("  none")
        return
    rows = [["", *compare.LETTERS[:runs]]]
    for line in lines:
        cells = [f"{cell} ★" if line.best == at else cell for at, cell in enumerate(line.cells)]
        rows.append([line.name, *cells])
    for row in aligned([[clean(cell) for cell in row] for row in rows]):
        print(f"  {row}".rstrip())


def _plot(title: str, all_series: Sequence[Series | None]) -> None:
    lettered = zip(compare.LETTERS, all_series, strict=False)
    curves = [Plotted(*points(series, plot_width()), letter) for letter, series in lettered]
    print_curves(f"{title}: {', '.join(compare.LETTERS[: len(all_series)])}", curves)


def points(series: Series | None, columns: int) -> tuple[list[float], list[float]]:
    """A point a column, halfway between its lowest and its highest value: curves over each other must stay thin."""
    if series is None or not len(series):
        return [], []
    first, last = float(series.first_step or 0), float(series.last_step or 0)
    pairs = [
        (first + (last - first) * at / max(columns - 1, 1), (column.low + column.high) / 2)
        for at, column in enumerate(series.columns(first, last, columns))
        if column is not None
    ]
    return [x for x, _ in pairs], [y for _, y in pairs]

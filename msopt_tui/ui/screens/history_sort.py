"""What the list of runs can be sorted by: any column, metric or setting."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from msopt_tui.runs.query import SortKey
from msopt_tui.runs.row import RunRow
from msopt_tui.runs.values import names
from msopt_tui.ui.screens.history_columns import COLUMNS

LOOKED_AT = 300
"""Runs whose metrics and settings are offered: the first in the list, each of which costs some decoding."""


def sort_keys(rows: Sequence[RunRow]) -> list[SortKey]:
    """What the runs can be sorted by: columns, then the metrics and the settings they have; all where none is read."""
    if not rows:
        return names()
    metrics: dict[str, None] = {}
    settings: dict[str, None] = {}
    for row in islice(rows, LOOKED_AT):
        metrics |= dict.fromkeys(row.metrics)
        settings |= dict.fromkeys(row.settings)
    columns = [column.key for column in COLUMNS]
    more = ["updated", "loss", "best_step", "parameters", "device", "parent"]
    return list(dict.fromkeys([*columns, *more, *sorted(metrics.keys() - {"loss"}), *sorted(settings)]))

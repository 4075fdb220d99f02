"""The settings in force; what differs from the project file is marked and shows its value there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from msopt_tui.config.fields import Scalar
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.widgets.lines import Words

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

_ORDER = ("train", "model", "data", "tokenizer", "evaluate", "refine", "resources", "project")
"""The tables that matter most while watching come first; `ui` is not the run's."""


class SettingsPane(TextPane):
    """All settings by table, the changed ones on top."""

    PANE = "settings"
    TITLE = "settings"

    def looks_at(self, state: RunState) -> object:
        """Every setting and what differs."""
        return tuple(state.settings.items()), tuple(state.adjusted.items())

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """Changed, then table by table."""
        if not state.settings:
            return [[("not known yet", "muted")]]
        lines: list[Words] = []
        wide = max(len(name.partition(".")[2]) for name in state.settings if not name.startswith("ui."))
        if state.adjusted:
            lines.append([("✎ changed since the project file", "title")])
            lines += [_changed(name, state.settings.get(name, "–"), old) for name, old in state.adjusted.items()]
        for table, rows in groupby(_sorted(state.settings), key=lambda row: row[0].partition(".")[0]):
            lines.append([(f"[{table}]", "title")])
            lines += [_row(name, value, name in state.adjusted, wide) for name, value in rows]
        return lines


def _sorted(settings: dict[str, Scalar]) -> list[tuple[str, Scalar]]:
    """In the order of the tables; within one, as declared."""
    order = {table: place for place, table in enumerate(_ORDER)}
    rows = [(name, value) for name, value in settings.items() if not name.startswith("ui.")]
    return sorted(rows, key=lambda row: order.get(row[0].partition(".")[0], len(order)))


def _row(name: str, value: Scalar, is_changed: bool, wide: int) -> Words:
    key = name.partition(".")[2]
    mark = "✎" if is_changed else " "
    return [(f"{mark} {key:<{wide}} ", "muted"), (_shown(value), "warn" if is_changed else "")]


def _changed(name: str, value: Scalar, old: Scalar) -> Words:
    return [(f"  {name:<26} ", ""), (_shown(value), "warn"), (f"  was {_shown(old)}", "muted")]


def _shown(value: Scalar) -> str:
    """As it stands in the file, without quotes around texts."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)

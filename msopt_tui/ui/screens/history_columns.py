"""The columns of the history: what each shows of a run, how wide, and which go first where there is little room."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from msopt_tui.runs.query import SortKey
from msopt_tui.runs.row import RunRow
from msopt_tui.runs.values import Value, getter
from msopt_tui.state.numbers import compact, duration, significant
from msopt_tui.ui.panes.pipeline import STATUS
from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Span, Words

GAP = 1
"""Cells between columns."""
LONGEST = 300
"""Code points of a foreign name that are looked at."""
_STATUS: dict[str, tuple[str, str, Role]] = {
    **STATUS,
    "deciding": ("?", "deciding", "warn"),
    "died": ("†", "died", "bad"),
}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column."""

    key: SortKey
    title: str
    width: int
    """Cells, at least."""
    text: Callable[[RunRow], str]
    right: bool = False
    grows: int = 0
    """Cells it may take beyond its width where there is room."""
    folds: int = 0
    """Place in the order in which columns go, from 1; 0 always stays."""


def status_words(row: RunRow) -> tuple[str, Role]:
    """Glyph, word and role of a run's status."""
    glyph, word, role = _STATUS[row.status]
    return f"{glyph} {word}", role


def local_time(seconds: float) -> str:
    """`2026-05-01 12:30` in local time; a dash for none, and for what is no time."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds > 0 else "–"
    except (ValueError, OverflowError, OSError):
        return "–"


def loss_text(value: float | None) -> str:
    """A loss, or a dash where there was no evaluation."""
    return "–" if value is None else significant(value)


def run_text(row: RunRow) -> str:
    """The run's name with what a person made of it: `◈` for pinned, `⌂` for put away, its tags."""
    marks = ("◈ " if row.pinned else "") + ("⌂ " if row.archived else "")
    return f"{marks}{row.run}" + "".join(f" #{tag}" for tag in row.tags.split())


COLUMNS: tuple[ColumnSpec, ...] = (
    ColumnSpec("status", "status", 12, lambda row: status_words(row)[0]),
    ColumnSpec("run", "run", 24, run_text, grows=36),
    ColumnSpec("project", "project", 16, lambda row: row.project, grows=24, folds=3),
    ColumnSpec("created", "created", 16, lambda row: local_time(row.created)),
    ColumnSpec("step", "steps", 9, lambda row: compact(row.step) if row.step >= 10**7 else f"{row.step:,}", right=True),
    ColumnSpec("rounds", "rounds", 7, lambda row: str(row.rounds), right=True, folds=1),
    ColumnSpec("best_loss", "val loss", 9, lambda row: loss_text(row.best_loss), right=True),
    ColumnSpec("test_loss", "test loss", 10, lambda row: loss_text(row.test_loss), right=True, folds=4),
    ColumnSpec("seconds", "duration", 9, lambda row: duration(row.seconds), right=True, folds=2),
)
Layout = list[tuple[ColumnSpec, int]]
"""Columns that are shown, each with its width in cells."""


def value_text(value: Value) -> str:
    """Any setting or metric as a cell."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else significant(value)


def extra_column(key: SortKey) -> ColumnSpec | None:
    """A column for what the list is ordered by, where it has none of its own."""
    if any(column.key == key for column in COLUMNS):
        return None
    read = getter(key)
    text = (lambda row: local_time(row.updated)) if key == "updated" else (lambda row: value_text(read(row)))
    title = key.rpartition(".")[2]
    return ColumnSpec(key, title, min(max(len(title) + 1, 16 if key == "updated" else 9), 24), text, right=True)


def layout(width: int, sorted_by: SortKey = "created") -> Layout:
    """The columns that fit `width` cells, the last cells given to those that can use them."""
    shown = list(COLUMNS)
    extra = extra_column(sorted_by)
    if extra is not None:
        shown.insert(2, extra)
    for column in sorted((column for column in shown if column.folds), key=lambda column: column.folds):
        if _least(shown) <= width:
            break
        shown.remove(column)
    spare = max(width - _least(shown), 0)
    widths: Layout = []
    for column in shown:
        more = min(column.grows, spare)
        spare -= more
        widths.append((column, column.width + more))
    return widths


def header_words(shown: Layout, sorted_by: SortKey, reverse: bool) -> Words:
    """The line of titles, an arrow at the one that gives the order."""
    words: Words = []
    for column, width in shown:
        here = column.key == sorted_by
        arrow = ("▼" if reverse else "▲") if here else ""
        words.append((_cell(column.title + arrow, width, column.right) + " " * GAP, "title" if here else "muted"))
    return words


def row_words(row: RunRow, shown: Layout, cursor: bool) -> Words:
    """One run as a line."""
    words: Words = []
    for column, width in shown:
        role: Role = status_words(row)[1] if column.key == "status" else ""
        words.append(_span(column.text(row), width, column.right, "cursor" if cursor else role))
    return words


def column_at(shown: Layout, x: int) -> SortKey | None:
    """The column that a cell of a line belongs to."""
    for column, width in shown:
        x -= width + GAP
        if x < 0:
            return column.key
    return None


def _least(columns: Sequence[ColumnSpec]) -> int:
    return sum(column.width + GAP for column in columns)


def _span(text: str, width: int, right: bool, role: Role) -> Span:
    return _cell(text, width, right) + " " * GAP, role


def _cell(text: str, width: int, right: bool) -> str:
    """Foreign text made harmless, cut with … or filled up to `width` cells."""
    text = sanitise(text, multiline=False, max_line=LONGEST)
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - size) + text if right else text + " " * (width - size)

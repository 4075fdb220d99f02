"""The screens that open from the history, over it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msopt_tui.ui.screens.history import HistoryScreen


def sort_key(screen: HistoryScreen) -> None:
    """Choose any metric or setting to sort by."""
    from msopt_tui.runs.query import SortKey
    from msopt_tui.ui.screens.history_sort import sort_keys
    from msopt_tui.ui.screens.pick import PickDialog

    def chosen(key: SortKey | None) -> None:
        if key is not None:
            screen.sort_by(key)

    hint = "part of a metric, setting or column"
    screen.app.push_screen(PickDialog("sort by", sort_keys(screen.rows.rows), screen.column, hint), chosen)


def compare(screen: HistoryScreen) -> None:
    """Put the marked runs beside each other."""
    from msopt_tui.state.compare import LETTERS
    from msopt_tui.ui.screens.compare import CompareScreen

    marked = screen.rows.marked
    if 2 <= len(marked) <= len(LETTERS):
        screen.app.push_screen(CompareScreen(screen.keys, [Path(path) for path in marked]))
    else:
        key = screen.keys.key_of("history_mark")
        screen.say(f"mark 2 to {len(LETTERS)} runs with {key} first: {len(marked)} are marked", "warn")


def lineage(screen: HistoryScreen) -> None:
    """Show what branched from what."""
    from msopt_tui.ui.screens.lineage import LineageScreen

    row = screen.rows.selected
    if row is not None:
        screen.app.push_screen(LineageScreen(screen.keys, screen.all_rows, row.path))


def postmortem(screen: HistoryScreen) -> None:
    """Show what went wrong in the run under the cursor, or say that nothing did."""
    from msopt_tui.ui.screens.postmortem import Ended, PostmortemScreen

    row = screen.rows.selected
    if row is None:
        return
    if row.status not in ("failed", "died"):
        how = row.status if row.over else "going on"
        screen.say(f"nothing went wrong: {row.run} is {how}", "warn")
        return
    what = "failed" if row.status == "failed" else "the engine is gone"
    ended = Ended(Path(row.path), what, row.step, row.reason, row.checkpoint)
    screen.app.push_screen(PostmortemScreen(screen.keys, ended, lambda: screen.resume_run(Path(row.path))))


def edit_project(screen: HistoryScreen) -> None:
    """Ask for a project file, the one of the run under the cursor first, and open its editor."""
    from msopt_tui.runs.record import read_meta
    from msopt_tui.ui.screens.line_dialog import LineDialog

    edit, row = screen.edit_project, screen.rows.selected
    if edit is None:
        screen.say("project files can't be edited from here", "warn")
        return
    meta = read_meta(row.directory.meta) if row else None

    def check(text: str) -> str:
        return "" if Path(text).expanduser().is_file() else "there is no such file"

    def answered(text: str | None) -> None:
        if text is not None:
            edit(Path(text).expanduser())

    start = _shortest(meta.project_file) if meta and meta.project_file else "project.toml"
    hint = "edited, checked, saved and started from the editor"
    screen.app.push_screen(LineDialog("edit a project file", "file", hint, check, start), answered)


def queue(screen: HistoryScreen) -> None:
    """Show the queue."""
    from msopt_tui.ui.screens.key_screen import QueueWanted

    screen.post_message(QueueWanted())


def _shortest(path: str) -> str:
    return min(path, os.path.relpath(path), key=len)


def show_help(screen: HistoryScreen) -> None:
    """All keys."""
    from msopt_tui.ui.screens.help import HelpDialog

    screen.app.push_screen(HelpDialog(screen.keys, "History"))

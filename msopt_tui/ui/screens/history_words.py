"""The lines of the history screen: its title, what is wrong with a filter, what is known of one run. Pure."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len

from msopt_tui.runs.query import Listing, QueryError
from msopt_tui.runs.row import RunRow
from msopt_tui.state.figures import figures
from msopt_tui.state.numbers import compact, counted
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.path_words import near
from msopt_tui.ui.screens.history_columns import status_words
from msopt_tui.ui.screens.history_resume import resume_point
from msopt_tui.ui.widgets.lines import Words

FILTER_HINT: Words = [
    (" and or not ( )  < <= > >= = !=  ~ contains  ", "muted"),
    ("lr > 1e-4", "key"),
    ("  ", ""),
    ("age < 3d", "key"),
    ("  ", ""),
    ("status = died", "key"),
]


def fault_words(error: QueryError, text: str, cursor: int, width: int) -> Words:
    """What is wrong with a filter, under the place: the line above scrolls where it is longer than the screen."""
    scrolled = max(cell_len(text[:cursor]) + 3 - width, 0)
    x = min(max(1 + cell_len(text[: error.at]) - scrolled, 1), max(width - 1, 1))
    note = f" {error}"
    if x + 1 + cell_len(note) <= width:
        return [(" " * x, ""), ("▲", "bad"), (note, "warn")]
    note = f"{error} (at {error.at + 1}) "
    room = x - cell_len(note)
    return [(" " * room + note, "warn"), ("▲", "bad")] if room >= 0 else [(f" at {error.at + 1}: {error}", "warn")]


def title_words(runs_dir: Path, listing: Listing | None, shown: int, error: str) -> Words:
    """What the list holds, or why it holds nothing."""
    words: Words = [(" history ", "title")]
    if error:
        return [*words, (f" the runs can't be read: {error}", "bad")]
    if listing is None:
        return [*words, (f" reading the runs in {near(runs_dir)}/…", "muted")]
    total = len(listing.rows)
    if not total:
        return [*words, (f" no runs in {near(runs_dir)}/ yet: msopt-tui project.toml starts one", "muted")]
    count = counted(total, "run") if shown == total else f"{shown:,} of {counted(total, 'run')}"
    return [*words, (f" {count} in {near(runs_dir)}/", "muted")]


def notice_lines(
    runs_dir: Path, listing: Listing | None, error: str, is_filtered: bool, keys: Keys, has_hints: bool
) -> list[Words]:
    """What stands in the place of a list without lines: why there are none, and what can be done."""
    if error:
        return [
            [],
            [("  ✗ The runs can't be read.", "bad")],
            [(f"  {error}", "")],
            [],
            [
                ("  It is tried again every few seconds; ", "muted"),
                ("msopt-tui doctor", "key"),
                (" looks closer.", "muted"),
            ],
        ]
    if listing is None:
        return [[], [(f"  Reading the runs in {near(runs_dir)}/…", "muted")]]
    if listing.rows:
        said: Words = (
            [("  No run matches the filter.", "strong")] if is_filtered else [("  All are archived.", "strong")]
        )
        way = ("history_back", "takes the filter away") if is_filtered else ("history_archived", "lists them")
        return [[], said, [], _way(keys, *way)]
    empty: list[Words] = [[], [("  No runs yet.", "strong"), (f"  They will lie in {near(runs_dir)}/", "muted")]]
    if has_hints:
        empty += [
            [],
            [("  msopt-tui new", "key"), (" writes a project file from a few questions", "")],
            [("  msopt-tui project.toml", "key"), (" starts a run and shows it", "")],
            [],
            _way(keys, "history_edit", "edits a project file here, checks it and starts it"),
            _way(keys, "history_queue", "queues several, one after another"),
            _way(keys, "history_help", "lists all keys"),
            _way(keys, "history_leave", "leaves"),
        ]
    return empty


def _way(keys: Keys, name: str, what: str) -> Words:
    return [("  ", ""), (f"{keys.key_of(name):<3}", "key"), (f" {what}", "")]


def detail_lines(row: RunRow, keys: Keys) -> list[Words]:
    """What the columns have no room for."""
    text, role = status_words(row)
    going_on = row.reason or ("the engine went without a word" if row.status == "died" else "")
    facts = [
        f"{compact(row.parameters)} parameters" if row.parameters else "",
        f"on {row.device}" if row.device else "",
        f"branched from {row.parent}" if row.parent else "",
    ]
    best = figures(row.metrics)
    return [
        [(" ", ""), (f"{row.project} / {row.run}", "strong"), (f"  {row.description}", "muted"), *_note(row)],
        [(f" {text}", role), (f"  {going_on}", "")],
        [(f" best, at step {row.best_step:,}: {best}" if row.best_step is not None else " no evaluation yet", "")],
        [
            (" " + " · ".join(fact for fact in facts if fact), "muted"),
            *_ways_on(row, keys),
        ],
    ]


def _ways_on(row: RunRow, keys: Keys) -> Words:
    words: Words = []
    if row.status in ("failed", "died"):
        words += [("  ", ""), (keys.key_of("history_postmortem"), "key"), (" what went wrong", "muted")]
    if row.resumable:
        words += [("  ", ""), (keys.key_of("history_resume"), "key"), (f" resumes {resume_point(row)}", "muted")]
    return words


def _note(row: RunRow) -> Words:
    return [(f"  {'· ' if row.description else ''}{row.note}", "accent")] if row.note else []

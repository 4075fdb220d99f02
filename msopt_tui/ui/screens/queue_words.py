"""The lines of the queue's screen. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path

from msopt_tui.runs.queue_file import Entry, EntryStatus, Queue
from msopt_tui.state.numbers import duration
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.path_words import near
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Words

_LOOKS: dict[EntryStatus, tuple[str, Role]] = {
    "waiting": ("· waiting", "muted"),
    "running": ("▶ running", "primary"),
    "done": ("✓ done", "good"),
    "failed": ("✗ failed", "bad"),
}


def title_words(queue: Queue | None, is_worked: bool, problem: str, keys: Keys) -> Words:
    """How the queue stands, and whether anybody is at it."""
    words: Words = [(" queue ", "title")]
    if problem:
        return [*words, (problem, "bad")]
    if queue is None:
        return [*words, ("reading…", "muted")]
    counts = [f"{queue.count(status)} {status}" for status in _LOOKS if queue.count(status)]
    words.append((" · ".join(counts) or "empty", "muted"))
    if is_worked:
        words.append(("  worked off in the background", "good"))
    elif any(not entry.finished for entry in queue.entries):
        words += [("  nobody is at it: ", "warn"), (keys.key_of("queue_work"), "key"), (" goes on", "warn")]
    return words


def empty_lines(keys: Keys) -> list[Words]:
    """What an empty queue says."""
    return [
        [],
        [("  Nothing is queued.", "strong")],
        [],
        [("  ", ""), (keys.key_of("queue_add"), "key"), (" adds a project file; the queue runs them one after", "")],
        [("  another, goes on after a failure, and needs no terminal.", "")],
        [],
        [("  msopt-tui queue a.toml b.toml", "key"), (" does the same from a shell.", "")],
    ]


def entry_words(entry: Entry, here: bool, now: float) -> Words:
    """One project: how it stands, how long it took, which file."""
    look, role = _LOOKS[entry.status]
    took = duration(max((entry.ended or now) - entry.began, 0.0)) if entry.began else ""
    path = Path(entry.project)
    named: Role = "title" if here else "strong"
    words: Words = [
        ("▸" if here else " ", "title"),
        (f" {look:<10}", role),
        (f"{took:>8}  ", ""),
        (f"{path.parent.name}/{path.name}", named),
    ]
    if entry.status == "failed":
        words.append((f"  exit code {entry.exit_code}", "bad"))
    if entry.arguments:
        words.append((f"  {shlex.join(entry.arguments)}", "muted"))
    return words


def detail_lines(entry: Entry | None, log: Path) -> list[Words]:
    """What the line of a project has no room for; `log` is where the worker's words are."""
    if entry is None:
        return []
    none = f" it made no run; what it said is in {near(log)}, or was printed" if entry.finished else " no run yet"
    return [
        [(f" {near(Path(entry.project))}", "strong")],
        [(f" run {Path(entry.run).name}" if entry.run else none, "muted")],
        [(f" {shlex.join(entry.arguments)}" if entry.arguments else "", "muted")],
    ]

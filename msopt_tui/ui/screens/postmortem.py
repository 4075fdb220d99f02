"""What went wrong: how a run ended, its traceback, its last journal lines, and what can be done."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msopt_tui.runs.last_words import LastWords, read_last_words
from msopt_tui.ui.daemon import on_daemon
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.panes.journal import journal_rows
from msopt_tui.ui.path_words import path_in
from msopt_tui.ui.screens.text_screen import TextScreen
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Words, wrap

WITHOUT_A_WORD = "its engine went without a word: a signal, the kernel short of memory, or a power cut"


_LOG = "  the whole log: "


class Ended(NamedTuple):
    """How a run ended badly, as far as whoever opens the screen knows."""

    run_dir: Path
    what: str
    """`failed`, or that its engine is gone."""
    step: int
    reason: str
    """Foreign text; empty where nobody knows."""
    checkpoint: int | None
    """Step of the latest checkpoint."""


class PostmortemScreen(TextScreen):
    """Reads the ends of the log and of the journal on a thread and shows them."""

    def __init__(self, keys: Keys, ended: Ended, resume: Callable[[], None] | None = None) -> None:
        """`resume` takes the run up again once this screen is gone; without it only the command is named."""
        super().__init__(keys, f"what went wrong in {ended.run_dir.name}")
        self._ended = ended
        self._resume = resume
        self._words: LastWords | None = None

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self.run_worker(self._read(), exclusive=True)

    def draw(self) -> None:
        """What is known so far, for the present width."""
        self.put(lines_of(self._ended, self._words, self._keys, self._resume is not None, self.width))

    def do(self, action_id: str) -> None:
        """Resume."""
        if action_id == "resume" and self._resume is not None:
            self.dismiss(None)
            self._resume()
        elif action_id == "postmortem":
            self.dismiss(None)

    async def _read(self) -> None:
        self._words = await on_daemon(lambda: read_last_words(self._ended.run_dir))
        if self.width >= 1:
            self.draw()


def lines_of(ended: Ended, words: LastWords | None, keys: Keys, can_resume: bool, width: int) -> list[Words]:
    """All of it, top to bottom: the cause and the ways on first, since a small screen shows no more. Pure."""
    what = f"✗ {ended.what} at step {ended.step:,}: {ended.reason or WITHOUT_A_WORD}"
    lines = [
        *_wrapped(what, "bad", width),
        [],
        _title("what to do next"),
        *_ways_on(ended, keys, can_resume, width),
        [],
    ]
    if words is None:
        return [*lines, [("reading the log and the journal…", "muted")]]
    lines.append(_title("traceback" if words.has_traceback else "the end of output.log"))
    if words.log_note:
        lines.append([(words.log_note, "muted")])
    for line in words.log:
        is_frame = line.startswith(" ")
        lines += _wrapped(line, "" if is_frame else "strong", width)
    lines += [[], _title("the last of the journal")]
    if words.journal_note:
        lines.append([(words.journal_note, "muted")])
    return [*lines, *(row for line in words.journal for row in journal_rows(line, width))]


def _ways_on(ended: Ended, keys: Keys, can_resume: bool, width: int) -> list[Words]:
    name = shlex.quote(ended.run_dir.name)
    again = "the start: there is no checkpoint" if ended.checkpoint is None else f"step {ended.checkpoint:,}"
    key = keys.key_of("resume") if can_resume else f"msopt-tui resume {name}"
    return [
        [("  ", ""), (key, "key"), (f"  goes on from {again}", "")],
        [("  ", ""), (f"msopt-tui doctor {name}", "key"), ("  packs a report to send", "")],
        [(_LOG, "muted"), (path_in(ended.run_dir / "output.log", width - len(_LOG)), "")],
    ]


def _title(text: str) -> Words:
    return [(text, "title")]


def _wrapped(text: str, role: Role, width: int) -> list[Words]:
    return [[(line, role)] for line in wrap(text, max(width, 10))]

"""What a run said before it ended: the end of its log from the last traceback on, and its last journal lines."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import NamedTuple

from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal_lines import decode_lines
from msopt_tui.runs.tail import read_tail
from msopt_tui.state.describe import Line, describe
from msopt_tui.state.text import without_colours

LOG_BYTES = 256_000
"""How much of the end of `output.log` is looked at."""
LOG_LINES = 200
"""Lines of it that are shown at most."""
ORDINARY_LINES = 30
"""Lines of it that are shown where there is no traceback."""
JOURNAL_BYTES = 1_000_000
JOURNAL_LINES = 20
_BEGIN = ("Traceback (most recent call last):", "Fatal Python error:")
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")


class LastWords(NamedTuple):
    """Read from files of the run alone: whether its engine is there does not matter."""

    log: list[str]
    """The end of `output.log`: foreign text."""
    log_note: str
    """Why there is none of it, or that lines before it were left out."""
    has_traceback: bool
    journal: list[Line]
    journal_note: str


def read_last_words(path: Path) -> LastWords:
    """The last words of the run at `path`; what can't be read is said in the notes. Bounded, for a thread."""
    directory = RunDirectory(path)
    try:
        text = without_colours(read_tail(directory.output_log, LOG_BYTES).decode("utf-8", "replace"))
        log, log_note, found = _end(text)
    except OSError as error:
        log, log_note, found = [], f"output.log can't be read: {error.strerror}", False
    lines: deque[Line] = deque(maxlen=JOURNAL_LINES)
    try:
        events, _ = decode_lines(read_tail(directory.events, JOURNAL_BYTES))
        lines.extend(line for line in map(describe, events) if line is not None)
        note = "" if lines else "no line in it"
    except OSError as error:
        note = f"events.jsonl can't be read: {error.strerror}"
    return LastWords(log, log_note, found, list(lines), note)


def _end(text: str) -> tuple[list[str], str, bool]:
    """The lines from the last traceback on (with those it was raised from), or the last few."""
    lines = text.rstrip().splitlines()
    if not lines:
        return [], "output.log holds nothing: the engine ended without a word", False
    begins = [at for at, line in enumerate(lines) if line.lstrip().startswith(_BEGIN)]
    start = begins.pop() if begins else max(len(lines) - ORDINARY_LINES, 0)
    found = bool(begins) or lines[start].lstrip().startswith(_BEGIN)
    while begins and any(line.startswith(_CHAINED) for line in lines[begins[-1] : start]):
        start = begins.pop()
    start = max(start, len(lines) - LOG_LINES)
    note = "what stands before it is in output.log" if start else ""
    return lines[start:], note, found

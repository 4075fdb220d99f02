"""`notes.json` of a run: what a person says of it afterwards. The engine never writes it, nor reads it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from msopt_tui.runs.alive import is_alive
from msopt_tui.runs.directory import write_text_atomic
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.row import RunNotes, RunRow

NAME = "notes.json"
LONGEST_NOTE = 2_000
"""Characters of a note."""
MOST_TAGS = 20
_FILE_LIMIT = 100_000
_TAG = re.compile(r"[^\s,#]+")


def read_notes(run_dir: Path) -> RunNotes:
    """What is noted of a run; nothing where the file is missing or damaged: it says nothing about the run itself."""
    try:
        data = (run_dir / NAME).read_bytes()
        return msgspec.json.decode(data, type=RunNotes) if len(data) <= _FILE_LIMIT else RunNotes()
    except (OSError, ValueError, RecursionError):
        return RunNotes()


def write_notes(run_dir: Path, notes: RunNotes) -> None:
    """Replace `notes.json`, or take it away where nothing is noted any more. Raises OSError."""
    if notes == RunNotes():
        (run_dir / NAME).unlink(missing_ok=True)
    else:
        write_text_atomic(run_dir / NAME, encode_json(notes) + b"\n")


def tags_of(text: str) -> tuple[str, ...]:
    """Tags as a person types them: words, with commas or `#` if they like; each once, in small letters."""
    return tuple(dict.fromkeys(tag.casefold() for tag in _TAG.findall(text)))[:MOST_TAGS]


def branches_of(row: RunRow, rows: Iterable[RunRow]) -> list[RunRow]:
    """The runs that were branched from this one: what they began with is in its folder."""
    folder = row.path.rpartition("/")[0].rpartition("/")[2]
    names = {row.run, f"{folder}/{row.run}", row.path}
    return [one for one in rows if one.parent in names and one.path != row.path]


def delete_run(row: RunRow) -> None:
    """Remove a run's folder with everything in it. Raises OSError, also where an engine is at work on it.

    It is renamed first, so that nobody ever lists half a run; what a crash leaves then begins with a dot.
    """
    path = Path(row.path)
    if is_alive(row, row.directory.lock):
        raise PermissionError(f"{row.run} is going on: stop it first")
    if path.is_symlink() or not path.is_dir():
        raise FileNotFoundError(f"{path} is no folder of a run")
    doomed = path.with_name(f".deleted-{path.name}-{os.getpid()}")
    path.rename(doomed)
    shutil.rmtree(doomed)
    with contextlib.suppress(OSError):  # the project's folder, where this was its last run
        path.parent.rmdir()

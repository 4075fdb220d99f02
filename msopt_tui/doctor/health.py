"""Whether the installation is sound: versions, terminal, runs folder, index. Imports nothing heavy, changes nothing."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from msopt_tui.runs.index import NAME, SCHEMA

PACKAGES = ("msopt-tui", "textual", "rich", "msgspec", "torch", "transformers", "datasets")
OLDEST_PYTHON = (3, 11)
LOW_DISK = 1_000_000_000
"""Bytes; a checkpoint of a small model and its optimiser take about that much."""


class Finding(NamedTuple):
    """One line of the report."""

    name: str
    text: str
    sound: bool = True


def examine(runs_dir: Path) -> list[Finding]:
    """Everything that is looked at, in the order it is shown."""
    return [_python(), *_packages(), *_terminal(), *_runs_folder(runs_dir), _index(runs_dir)]


def versions() -> dict[str, str]:
    """Python and the packages that matter; one that is missing is not in it."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _python() -> Finding:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info >= OLDEST_PYTHON:
        return Finding("python", text)
    return Finding("python", f"{text}: 3.11 or newer is needed", sound=False)


def _packages() -> list[Finding]:
    found = versions()
    findings = []
    for name in PACKAGES:
        # Run from a checkout the program is no installed package, and none the worse for it.
        missing = "run from a checkout" if name == "msopt-tui" else f"missing: pip install {name}"
        findings.append(Finding(name, found.get(name, missing), name in found or name == "msopt-tui"))
    return findings


def _terminal() -> list[Finding]:
    size = shutil.get_terminal_size()
    kind = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        return [Finding("terminal", "none: output goes to a pipe or a file, runs come out as lines")]
    if kind in ("", "dumb"):
        return [Finding("terminal", f"TERM is {kind or 'not set'}: lines instead of the cockpit", sound=False)]
    colours = "none (NO_COLOR)" if "NO_COLOR" in os.environ else _colours(kind)
    return [Finding("terminal", f"{kind}, {size.columns}x{size.lines}, colours: {colours}")]


def _colours(kind: str) -> str:
    if os.environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "16.7 million"
    return "256" if "256" in kind else "16"


def _runs_folder(runs_dir: Path) -> list[Finding]:
    place = runs_dir
    try:
        while not place.exists() and place.parent != place:
            place = place.parent
        with tempfile.TemporaryFile(dir=place):
            pass
        free = shutil.disk_usage(place).free
    except OSError as error:
        text = f"{runs_dir} can't be written ({error.strerror}): name another with --runs-dir"
        return [Finding("runs folder", text, sound=False)]
    there = "" if place == runs_dir else ", made by the first run"
    room = Finding("disk", f"{free / 1e9:,.1f} GB free", free >= LOW_DISK)
    return [Finding("runs folder", f"{runs_dir}, writable{there}"), room]


def _index(runs_dir: Path) -> Finding:
    import sqlite3

    path = runs_dir / NAME
    try:
        if not path.exists():
            return Finding("index", "none yet: made when the history is first opened")
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
            (runs,) = database.execute("SELECT count(*) FROM runs").fetchone()
    except (sqlite3.Error, OSError) as error:
        return Finding("index", f"{error}: msopt-tui reindex", sound=False)
    if verdict != "ok":
        return Finding("index", f"{verdict}: msopt-tui reindex", sound=False)
    note = "" if version == SCHEMA else f", version {version} and not {SCHEMA}: rebuilt or left alone when it is read"
    return Finding("index", f"sound, {runs:,} runs{note}")

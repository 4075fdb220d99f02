"""`index.db`: one row a run, so that a list of thousands opens at once. Derived: it may be deleted at any time.

Whatever is wrong with the file (gone, damaged, locked, read-only, of a newer version), the rows come out right: it is
rebuilt, or left alone and the run directories are read instead. No write-ahead log, which network file systems can't
share.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.runs.notes import read_notes
from msopt_tui.runs.row import RunRow, row_of
from msopt_tui.runs.scan import Found, find_runs, read_run

if TYPE_CHECKING:
    import sqlite3  # takes 5 ms to import, which no screen but the history needs to spend

SCHEMA = 2
NAME = "index.db"
BUSY_SECONDS = 0.5
"""How long we wait for another process that writes the index."""
_COLUMNS = {
    **dict.fromkeys(("run", "project", "description", "status", "device", "parent", "reason"), "TEXT"),
    **dict.fromkeys(("boot_id", "host", "metrics_json", "settings_json", "tags", "note"), "TEXT"),
    **dict.fromkeys(("created", "updated", "seconds", "loss", "best_loss", "test_loss", "heartbeat"), "REAL"),
}
"""SQL types; the rest are INTEGER."""
_STORED = RunRow._fields[1:]
_TABLE = ", ".join(f"{name} {_COLUMNS.get(name, 'INTEGER')}" for name in _STORED)

_INSERT = f"INSERT OR REPLACE INTO runs VALUES ({', '.join('?' * (len(_STORED) + 4))})"


def read_rows(runs_dir: Path) -> list[RunRow]:
    """Every run below a folder, as its record says; the index is brought up to date on the way.

    Only records whose file changed are read again. Whether a run that claims to be running does so is not looked at
    here: see `msopt_tui.runs.history`.
    """
    import sqlite3

    if not runs_dir.is_dir():
        return []
    found = list(find_runs(runs_dir))
    path = runs_dir / NAME
    for _ in range(2):
        try:
            with contextlib.closing(_open(path)) as database:
                return _synchronise(database, runs_dir, found)
        except sqlite3.Error as error:
            if not _is_damaged(error):
                break
            with contextlib.suppress(OSError):  # a folder we can't write to: then it is read directly
                path.unlink()
        except OSError:
            break
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        _make_table(database)
        return _synchronise(database, runs_dir, found)


def reindex(runs_dir: Path) -> int:
    """Build the index anew from the run directories; how many runs there are. Raises OSError."""
    (runs_dir / NAME).unlink(missing_ok=True)
    return len(read_rows(runs_dir))


class _Newer(OSError):
    """The index was written by a newer version: its own to use."""


def _open(path: Path) -> sqlite3.Connection:
    import sqlite3

    # SQLite would make it readable for everyone the umask allows.
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    database = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise _Newer(f"{path} has version {version}")
        if version < SCHEMA:
            _make_table(database)
    except BaseException:
        database.close()
        raise
    return database


def _make_table(database: sqlite3.Connection) -> None:
    with database:
        database.execute("DROP TABLE IF EXISTS runs")
        database.execute(
            f"CREATE TABLE runs (path TEXT PRIMARY KEY, {_TABLE}, modified INTEGER, size INTEGER, noted INTEGER)"
        )
        database.execute(f"PRAGMA user_version = {SCHEMA}")


def _is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, and not a lock, a full disk or a missing permission."""
    import sqlite3

    # SQLITE_ERROR: the version is ours and the table is not.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _synchronise(database: sqlite3.Connection, runs_dir: Path, found: list[Found]) -> list[RunRow]:
    known = {stamp[0]: stamp for stamp in database.execute("SELECT path, modified, size, noted FROM runs")}
    changed = [run for run in found if known.pop(run.relative, None) != run]
    root = str(runs_dir.absolute())
    if changed or known:
        with database:
            database.executemany("DELETE FROM runs WHERE path = ?", ((path,) for path in known))
            for run in changed:
                _store(database, root, run)
    rows = database.execute(f"SELECT ? || path, {', '.join(_STORED)} FROM runs", (f"{root}/",))
    return list(map(RunRow._make, rows))


def _store(database: sqlite3.Connection, root: str, run: Found) -> None:
    path = f"{root}/{run.relative}"
    notes = read_notes(Path(path)) if run.noted else None
    row = row_of(path, read_run(Path(path), run.modified), notes)
    values = (run.relative, *row[1:], run.modified, run.size, run.noted)
    try:
        database.execute(_INSERT, values)
    except OverflowError:  # a damaged record may hold a number that SQLite can't
        database.execute(_INSERT, [_within_64_bits(value) for value in values])


def _within_64_bits(value: object) -> object:
    return max(min(value, 2**63 - 1), -(2**63)) if isinstance(value, int) else value

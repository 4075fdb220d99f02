"""index.db is derived: whatever happens to it, the list of runs comes out right."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from msopt_tui.runs import index
from msopt_tui.runs.index import read_rows, reindex
from msopt_tui.runs.record import RunRecord, write_record
from msopt_tui.runs.scan import read_run
from tests.unit.runs_maker import make_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    runs = tmp_path / "runs"
    make_run(
        runs,
        "20260101-000000-a",
        description="first",
        best_loss=2.0,
        test={"loss": 2.5},
        metrics={"loss": 2.0, "accuracy": None},
        settings={"train.learning_rate": 1e-3, "model.architecture": "llama"},
        parent="x",
        parent_step=3,
    )
    make_run(runs, "20260102-000000-b", "other", status="failed", reason="broken [red]markup[/]", step=7)
    return runs


def names(runs: Path) -> list[str]:
    return sorted(row.run for row in read_rows(runs))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The paths whose record is read from now on."""
    read: list[Path] = []

    def count(path: Path, modified: int = 0) -> RunRecord:
        read.append(path)
        return read_run(path, modified)

    monkeypatch.setattr(index, "read_run", count)
    return read


BOTH = ["20260101-000000-a", "20260102-000000-b"]


def test_a_row_says_what_the_record_says(runs: Path) -> None:
    rows = {row.run: row for row in read_rows(runs)}
    row = rows["20260101-000000-a"]
    assert row.path == str(runs / "docs" / "20260101-000000-a")
    assert (row.description, row.best_loss, row.test_loss, row.parent, row.parent_step) == ("first", 2.0, 2.5, "x", 3)
    assert row.settings == {"train.learning_rate": 1e-3, "model.architecture": "llama"}
    assert row.metrics == {"loss": 2.0, "accuracy": None}
    other = rows["20260102-000000-b"]
    assert (other.status, other.reason, other.step, other.test_loss) == ("failed", "broken [red]markup[/]", 7, None)


def test_from_the_index_it_is_the_same_as_from_the_files(runs: Path) -> None:
    first = read_rows(runs)
    assert sorted(read_rows(runs)) == sorted(first)


def test_only_what_changed_is_read_again(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = counted(monkeypatch)
    read_rows(runs)
    assert len(read) == 2
    read.clear()
    assert names(runs) == BOTH
    assert read == []
    changed = runs / "other" / "20260102-000000-b"
    write_record(changed / "state.json", RunRecord(run="b", project="other", status="completed", step=99))
    rows = {row.run: row for row in read_rows(runs)}
    assert read == [changed]
    assert (rows[changed.name].status, rows[changed.name].step) == ("completed", 99)


def test_runs_come_and_go(runs: Path) -> None:
    read_rows(runs)
    make_run(runs, "20260103-000000-c")
    assert names(runs) == [*BOTH, "20260103-000000-c"]
    (runs / "docs" / BOTH[0]).rename(runs.parent / "elsewhere")
    assert names(runs) == [BOTH[1], "20260103-000000-c"]


def test_it_is_private_and_keeps_no_log_beside_it(runs: Path) -> None:
    before = os.umask(0)
    try:
        read_rows(runs)
    finally:
        os.umask(before)
    assert stat.S_IMODE((runs / "index.db").stat().st_mode) == 0o600
    assert sorted(p.name for p in runs.iterdir()) == ["docs", "index.db", "other"]
    assert sqlite3.connect(runs / "index.db").execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_no_runs_folder_and_an_empty_one(tmp_path: Path) -> None:
    assert read_rows(tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
    assert read_rows(tmp_path) == []


def delete(path: Path) -> None:
    path.unlink()


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3000])


def page_of_garbage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_table(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE runs")
        database.execute("CREATE TABLE runs (something)")


def older(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE runs")
        database.execute("PRAGMA user_version = 0")


@pytest.mark.parametrize("damage", [delete, garbage, truncated, page_of_garbage, empty, other_table, older])
def test_damaged_it_is_rebuilt(runs: Path, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch) -> None:
    read_rows(runs)
    damage(runs / "index.db")
    assert names(runs) == BOTH
    read = counted(monkeypatch)
    assert names(runs) == BOTH
    assert read == [], "it is in order again"


def test_a_locked_one_is_left_alone_and_does_not_hold_us_up(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_rows(runs)
    monkeypatch.setattr(index, "BUSY_SECONDS", 0.01)
    make_run(runs, "20260103-000000-c")
    other = sqlite3.connect(runs / "index.db")
    other.execute("BEGIN EXCLUSIVE")
    assert names(runs) == [*BOTH, "20260103-000000-c"]
    other.rollback()
    assert other.execute("SELECT count(*) FROM runs").fetchone() == (2,)


def test_one_of_a_newer_version_is_left_alone(runs: Path) -> None:
    with sqlite3.connect(runs / "index.db") as database:
        database.execute("CREATE TABLE runs (of_the_future)")
        database.execute("PRAGMA user_version = 99")
    before = (runs / "index.db").read_bytes()
    assert names(runs) == BOTH
    assert (runs / "index.db").read_bytes() == before


def test_a_place_where_no_index_can_be_written(runs: Path) -> None:
    (runs / "index.db").mkdir()
    assert names(runs) == BOTH
    (runs / "index.db").rmdir()
    (runs / "index.db").symlink_to(runs / "elsewhere")
    assert names(runs) == BOTH
    assert not (runs / "elsewhere").exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(runs: Path) -> None:
    runs.chmod(0o500)
    try:
        assert names(runs) == BOTH
    finally:
        runs.chmod(0o700)


def test_reindex(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_rows(runs)
    read = counted(monkeypatch)
    assert reindex(runs) == 2
    assert len(read) == 2


def test_what_is_no_run_and_what_cannot_be_read(runs: Path) -> None:
    (runs / "docs" / "empty-folder").mkdir()
    (runs / "stray.txt").touch()
    (runs / ".hidden" / "run").mkdir(parents=True)
    (runs / ".hidden" / "run" / "state.json").touch()
    (runs / "docs" / os.fsdecode(b"\xff")).mkdir()
    broken = runs / "docs" / "20260104-000000-d"
    broken.mkdir()
    (broken / "state.json").write_bytes(b"{broken")
    rows = {row.run: row for row in read_rows(runs)}
    assert sorted(rows) == [*BOTH, broken.name]
    assert rows[broken.name].status == "died"


def test_a_record_with_numbers_beyond_sqlite(runs: Path) -> None:
    make_run(runs, "20260105-000000-e", step=10**30, best_step=-(10**30))
    rows = {row.run: row for row in read_rows(runs)}
    assert rows["20260105-000000-e"].step == 2**63 - 1
    assert rows["20260105-000000-e"].best_step == -(2**63)

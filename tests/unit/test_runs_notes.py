"""Notes of runs: stored beside them, in the index, found by the filter; runs deleted whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.runs.history import list_runs
from msopt_tui.runs.index import read_rows, reindex
from msopt_tui.runs.lock import RunLock
from msopt_tui.runs.notes import MOST_TAGS, branches_of, delete_run, read_notes, tags_of, write_notes
from msopt_tui.runs.query import Listing, QueryError, parse
from msopt_tui.runs.row import RunNotes, with_notes
from tests.unit.runs_maker import make_run

NOTES = RunNotes(tags=("wide", "good"), note="läuft “gut”", pinned=True, archived=True)


def test_they_are_kept_and_listed_and_survive_the_index(tmp_path: Path) -> None:
    a = make_run(tmp_path, "a")
    make_run(tmp_path, "b")
    assert read_notes(a) == RunNotes()
    before = read_rows(tmp_path)
    write_notes(a, NOTES)
    assert read_notes(a) == NOTES
    assert {row.run: row.notes for row in read_rows(tmp_path)} == {"a": NOTES, "b": RunNotes()}
    assert reindex(tmp_path) == 2
    assert {row.run: row.notes for row in read_rows(tmp_path)} == {"a": NOTES, "b": RunNotes()}
    write_notes(a, RunNotes())
    assert read_rows(tmp_path) == before
    assert not (a / "notes.json").exists()


@pytest.mark.parametrize("data", [b"", b"[", b"\xff", b'{"tags": 3}', b"[]", b" " * 200_000])
def test_a_damaged_file_says_nothing(tmp_path: Path, data: bytes) -> None:
    a = make_run(tmp_path, "a")
    (a / "notes.json").write_bytes(data)
    assert read_notes(a) == RunNotes()
    assert [row.run for row in read_rows(tmp_path)] == ["a"]


@given(st.text(max_size=60))
def test_tags_are_words(text: str) -> None:
    tags = tags_of(text)
    assert tags == tags_of(" ".join(tags)), "read again they are the same"
    assert len(tags) == len(set(tags)) <= MOST_TAGS
    assert not any(set(tag) & set(" ,#\n") for tag in tags)


def test_the_filter_finds_them(tmp_path: Path) -> None:
    for name in "abc":
        make_run(tmp_path, name)
    write_notes(tmp_path / "docs" / "a", RunNotes(tags=("wide", "good"), note="worth a second look"))
    write_notes(tmp_path / "docs" / "b", RunNotes(tags=("wider",), archived=True, pinned=True))

    def chosen(text: str, archived: bool = True) -> str:
        rows = Listing(list_runs(tmp_path)).select(parse(text), "run", False, archived)
        return "".join(row.run for row in rows)

    assert chosen("tag = wide") == "a"
    assert chosen("tag ~ wide") == "ba", "the pinned one first"
    assert chosen("tag != WIDE") == "bc"
    assert chosen("tags !~ wide") == "c"
    assert chosen("note ~ second") == chosen("second") == "a"
    assert chosen("pinned = yes") == "b"
    assert chosen("pinned != yes") == chosen("pinned=no") == "ac"
    assert chosen("", archived=False) == "ac"
    assert chosen("archived = true", archived=False) == "b"
    with pytest.raises(QueryError, match="tags are none"):
        parse("tag < 3")


def test_branches(tmp_path: Path) -> None:
    make_run(tmp_path, "a")
    make_run(tmp_path, "b", parent="a")
    make_run(tmp_path, "c", parent="docs/a")
    make_run(tmp_path, "d", parent="b")
    rows = {row.run: row for row in list_runs(tmp_path)}
    assert {row.run for row in branches_of(rows["a"], rows.values())} == {"b", "c"}
    assert branches_of(rows["d"], rows.values()) == []


def test_a_run_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    a, other = make_run(tmp_path, "a"), make_run(tmp_path, "b", "other")
    (a / "checkpoints" / "checkpoint-1").mkdir(parents=True)
    rows = {row.run: row for row in list_runs(tmp_path)}
    delete_run(rows["a"])
    assert not a.exists()
    assert not a.parent.exists(), "nor its project's folder, which is empty"
    assert other.exists()
    with pytest.raises(FileNotFoundError):
        delete_run(rows["a"])


def test_nothing_is_deleted_under_an_engine_or_behind_a_link(tmp_path: Path) -> None:
    a = make_run(tmp_path, "a")
    (row,) = list_runs(tmp_path)
    with RunLock(a / "lock"), pytest.raises(PermissionError, match="is going on"):
        delete_run(row)
    real = tmp_path / "real"
    a.rename(real)
    a.symlink_to(real)
    with pytest.raises(FileNotFoundError):
        delete_run(row)
    assert (real / "state.json").exists()


def test_a_row_takes_other_notes(tmp_path: Path) -> None:
    make_run(tmp_path, "a")
    (row,) = list_runs(tmp_path)
    assert with_notes(row, NOTES).notes == NOTES
    assert with_notes(with_notes(row, NOTES), RunNotes()) == row

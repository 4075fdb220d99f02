"""meta.json and state.json: what they say, and what becomes of damaged ones."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from msopt_tui.protocol import events as ev
from msopt_tui.protocol.codec import VERSION
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.runs.record import (
    RunMeta,
    RunRecord,
    read_meta,
    read_record,
    record_from_state,
    write_meta,
    write_record,
)
from msopt_tui.runs.scan import read_run
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.panes.banner import ended_lines

META = RunMeta(run="20260101-120000-a", project="python docs", description="a test", created=100.0, parent="older")
EVENTS: list[ev.Event] = [
    ev.RunStarted(time=101.0, run=META.run, project="python docs", settings={"train.learning_rate": 1e-3}),
    ev.RoundStarted(time=102.0, round=1, step=0, last_step=10),
    ev.StepsDone(
        time=103.0,
        first=1,
        losses=[3.0, 2.0],
        grad_norms=[1.0, 1.0],
        learning_rates=[1e-3, 1e-3],
        seconds=4.0,
        tokens=128,
    ),
    ev.Evaluated(
        time=104.0,
        step=2,
        round=1,
        split="validation",
        reason="cadence",
        metrics={"loss": 2.5, "accuracy": None},
        seconds=1.0,
        best=True,
    ),
    ev.CheckpointSaved(time=105.0, step=2, path="checkpoints/checkpoint-2", bytes=10, seconds=0.1, reason="cadence"),
    ev.Evaluated(time=106.0, step=2, round=1, split="test", reason="final", metrics={"loss": 2.75}, seconds=1.0),
]
END = ev.RunEnded(time=111.0, status="failed", step=2, reason="RuntimeError: no", exit_code=1)


def state_of(*events: ev.Event) -> RunState:
    state = RunState()
    for event in events:
        state.apply(event)
    return state


def test_a_record_holds_what_the_list_of_runs_shows() -> None:
    record = record_from_state(
        state_of(*EVENTS), META, pid=7, boot_id="b", host="h", heartbeat=107.0, earlier_seconds=1000.0
    )
    assert record == RunRecord(
        run=META.run,
        project="python docs",
        description="a test",
        status="starting",
        pid=7,
        boot_id="b",
        host="h",
        heartbeat=107.0,
        created=100.0,
        updated=106.0,
        seconds=1005.0,
        step=2,
        last_step=10,
        rounds=1,
        tokens=128,
        train_seconds=4.0,
        loss=2.0,
        best_loss=2.5,
        best_step=2,
        metrics={"loss": 2.5, "accuracy": None},
        test={"loss": 2.75},
        checkpoint=2,
        settings={"train.learning_rate": 1e-3},
        parent="older",
    )


def test_the_duration_is_one_whoever_says_it() -> None:
    """From each engine's start to the last that was heard of it, in the record and in the banner."""
    first: list[ev.Event] = [ev.EngineStarted(time=97.0, process=1), *EVENTS]
    state = state_of(*first, END)
    assert record_from_state(state, META).seconds == state.seconds == 111.0 - 97.0
    again = [ev.EngineStarted(time=500.0, process=2), msgspec.structs.replace(EVENTS[0], time=504.0)]
    end = ev.RunEnded(time=510.0, status="stopped", step=2)
    assert state_of(*first, END, *again, end).seconds == 14.0 + 10.0, "the time it lay stopped is none of it"
    assert state_of(*first, *again, end).seconds == 9.0 + 10.0, "nor what an engine that died was silent"
    assert state_of(*EVENTS, END, again[1], end).seconds == 10.0 + 6.0, "journals of engines that told of no start"
    (line, *_) = ended_lines(state, END, Path("run"), Keys(), can_resume=False)
    assert "failed at step 2 after 14 s" in "".join(text for text, _ in line)


def test_the_end_of_a_run() -> None:
    record = record_from_state(state_of(*EVENTS, END), META)
    assert (record.status, record.reason, record.exit_code) == ("failed", "RuntimeError: no", 1)


def test_a_run_that_has_not_begun() -> None:
    record = record_from_state(RunState(), META)
    assert (record.status, record.step, record.seconds, record.updated) == ("starting", 0, 0.0, 100.0)


def test_an_engine_that_still_loads_its_libraries_keeps_what_was_reached() -> None:
    before = record_from_state(state_of(*EVENTS, END), META, pid=7, boot_id="old", heartbeat=1.0)
    loading = state_of(ev.EngineStarted(time=500.0, process=9))
    record = record_from_state(loading, META, pid=9, boot_id="new", heartbeat=501.0, before=before)
    assert (record.status, record.reason, record.pid, record.boot_id) == ("starting", "", 9, "new")
    assert (record.heartbeat, record.exit_code) == (501.0, 0)
    assert (record.step, record.best_loss, record.seconds) == (2, 2.5, before.seconds)
    going_on = state_of(*EVENTS[:1])
    assert record_from_state(going_on, META, before=before).step == 0


@pytest.mark.parametrize("events", [EVENTS, [*EVENTS, END], []])
def test_written_and_read(tmp_path: Path, events: list[ev.Event]) -> None:
    record = record_from_state(state_of(*events), META)
    write_record(tmp_path / "state.json", record)
    write_meta(tmp_path / "meta.json", META)
    assert read_record(tmp_path / "state.json") == record
    assert read_meta(tmp_path / "meta.json") == META


def test_a_large_record_is_read_whole(tmp_path: Path) -> None:
    record = RunRecord(run="r", project="p", description="x" * 200_000)
    write_record(tmp_path / "state.json", record)
    assert read_record(tmp_path / "state.json") == record


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"null",
        b"\xff\xfe",
        b'{"run":"r"}',
        b'{"run":"r","project":"p","status":"dancing"}',
        b'{"run":"r","project":"p","x":' + b"[" * 50_000,
        msgspec.json.encode({"run": "r", "project": "p", "version": VERSION + 1}),
    ],
)
def test_a_damaged_or_newer_record_is_no_record(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "state.json").write_bytes(damage)
    assert read_record(tmp_path / "state.json") is None


def test_missing_files_and_folders_in_their_place(tmp_path: Path) -> None:
    assert read_record(tmp_path / "state.json") is None
    (tmp_path / "state.json").mkdir()
    assert read_record(tmp_path / "state.json") is None


class TestWithoutARecord:
    """The journal is the truth; state.json only saves reading it."""

    @pytest.fixture
    def run(self, tmp_path: Path) -> RunDirectory:
        run = RunDirectory(tmp_path / "python-docs" / META.run)
        run.path.mkdir(parents=True)
        writer = JournalWriter(run.events)
        writer.append(EVENTS)
        writer.append([ev.RunStarted(time=500.0, run=META.run, project="python docs", settings={}), END])
        return run

    def test_the_journal_tells_the_same(self, run: RunDirectory) -> None:
        write_meta(run.meta, META)
        run.state.write_bytes(b"damaged")
        record = read_run(run.path)
        expected = record_from_state(state_of(*EVENTS, END), META)
        assert record.best_loss == expected.best_loss
        assert record.status == "failed"
        assert record.seconds == 5.0, "the stretch before it was resumed; the clock went back in the second"

    def test_the_journal_alone_does(self, run: RunDirectory) -> None:
        record = read_run(run.path)
        assert (record.project, record.created, record.status) == ("python docs", 101.0, "failed")

    def test_nothing_readable_is_still_a_run(self, run: RunDirectory) -> None:
        run.events.write_bytes(b"\x00\x01")
        record = read_run(run.path, modified=5_000_000_000)
        assert (record.status, record.created, record.project) == ("died", 5.0, "python-docs")
        assert "can be read" in record.reason

"""Row 16: a whole run on a disk that is full for a while. Old checkpoints stay, it is said, and later saves work."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from msopt_tui.engine.engine import Engine
from msopt_tui.ml import checkpoint
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from tests.faults.disks import small_disk
from tests.ml import live
from tests.projects import events_of, losses_of, state_of

OVERRIDES = ("train.max_steps=60", "train.save_steps=10", "train.eval_steps=20", "train.save_total_limit=2")
ROOM = 6 << 20
"""Bytes: enough for a few checkpoints of half a megabyte each."""


def fill(disk: Path) -> None:
    """To the last byte."""
    filler = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
    try:
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while os.write(filler, b"x" * size):
                    pass
    finally:
        os.close(filler)
    assert shutil.disk_usage(disk).free == 0


def test_a_run_on_a_full_disk_goes_on_and_saves_when_there_is_room_again(tmp_path: Path) -> None:
    whole = live.serve(live.create(tmp_path, *OVERRIDES))
    with small_disk(tmp_path / "small" / "runs", ROOM) as disk:
        run = live.create(tmp_path / "small", *OVERRIDES, f"data.cache_dir={tmp_path / 'cache'}")
        stood: list[list[int]] = []

        def hear(_: Engine, event: ev.Event) -> None:
            if isinstance(event, ev.CheckpointSaved) and event.step == 20:
                fill(disk)
            elif isinstance(event, ev.CheckpointFailed):
                stood.append(checkpoint.list_steps(run.checkpoints))
                assert all(checkpoint.check(run.checkpoint(step)).step == step for step in stood[-1])
                assert not list(run.checkpoints.glob(".tmp-*")), "what was half written takes no room"
                if event.step == 40:
                    (disk / "filler").unlink()

        live.serve(run, heard=hear)
        kept(run, whole)
        assert stood
        assert all(20 in steps for steps in stood)


def kept(run: RunDirectory, whole: RunDirectory) -> None:
    events = events_of(run)
    failed = [event for event in events if isinstance(event, ev.CheckpointFailed)]
    saved = [event.step for event in events if isinstance(event, ev.CheckpointSaved)]
    assert {event.step for event in failed} <= {30, 40}
    assert failed[-1].step == 40
    assert "No space left on device" in failed[-1].error
    assert [step for step in saved if step > 40] == [50, 60]
    assert state_of(run).status == "completed"
    assert losses_of(run) == losses_of(whole), "every step is in the journal, those of the full disk too"


def test_where_the_disk_is_full_from_the_start_it_is_said_in_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "runs", 1 << 16) as disk:
        fill(disk)
        with pytest.raises(OSError, match="No space left on device"):
            live.create(tmp_path)

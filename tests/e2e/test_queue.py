"""A real queue: a project that fails, one that is trained, and a worker that is killed in the middle of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from msopt_tui.runs.queue_file import QueueStore
from msopt_tui.runs.queue_runs import run_of
from msopt_tui.runs.record import read_record
from tests.projects import TINY, environment


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def test_a_queue_outlives_its_worker(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "bad.toml").write_text("[train]\nlearning_rat = 1\n")
    (tmp_path / "good.toml").write_text(TINY.replace("max_steps = 60", "max_steps = 40"))
    store = QueueStore(tmp_path / "runs")
    for name in ("bad.toml", "good.toml"):
        store.change(lambda queue, name=name: queue.add(str(tmp_path / name), str(tmp_path), str(tmp_path / "runs")))  # type: ignore[misc]

    def queue() -> str:
        command = [sys.executable, "-m", "msopt_tui", "queue", f"--runs-dir={tmp_path / 'runs'}"]
        done = subprocess.run(command, env=environment(cache), cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    first = queue()
    assert "2 waiting" in first
    assert "nobody was at it" in first
    until(lambda: store.read().count("running") == 1 and run_of(store.read().entries[1]) is not None, "the second one")
    until(lambda: store.is_worked, "a worker")
    os.kill(int((tmp_path / "runs/queue-worker.lock").read_text()), signal.SIGKILL)
    until(lambda: not store.is_worked, "its end")
    assert "nobody was at it" in queue(), "a later one goes on"
    until(lambda: all(entry.finished for entry in store.read().entries), "the rest")
    failed, trained = store.read().entries
    assert (failed.status, trained.status) == ("failed", "done")
    record = read_record(Path(trained.run) / "state.json")
    assert record is not None
    assert (record.status, record.step) == ("completed", 40)
    assert "1 done, 1 failed" in queue()

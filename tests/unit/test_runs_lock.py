"""The run lock: one owner, gone with its process, never in the way of a reader."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from msopt_tui.runs.alive import boot_id, is_alive
from msopt_tui.runs.lock import RunLock, RunLocked, held_by_other
from msopt_tui.runs.record import RunRecord

HOLD = """
import sys
from pathlib import Path
from msopt_tui.runs.lock import RunLock
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def holder(path: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_second_engine_is_told_who_has_it(path: Path) -> None:
    child = holder(path)
    try:
        assert held_by_other(path)
        with pytest.raises(RunLocked) as refused:
            RunLock(path).acquire(patience=0)
        assert refused.value.pid == child.pid
        assert str(child.pid) in str(refused.value)
    finally:
        child.kill()
        child.communicate()


def test_a_lock_left_by_a_killed_engine_never_blocks(path: Path) -> None:
    child = holder(path)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert path.exists()
    assert held_by_other(path) is False
    with RunLock(path) as lock:
        assert lock.held
        assert path.read_text() == f"{os.getpid()}\n"


def test_within_one_process_it_counts_too(path: Path) -> None:
    with RunLock(path) as lock:
        assert held_by_other(path)
        lock.acquire()  # a second time is no error
        with pytest.raises(RunLocked):
            RunLock(path).acquire(patience=0)
    assert not lock.held
    assert held_by_other(path) is False


def test_looking_at_it_does_not_keep_an_engine_from_taking_it(path: Path) -> None:
    path.touch()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            held_by_other(path)

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(50):
            with RunLock(path):
                pass
    finally:
        done.set()
        for watcher in watchers:
            watcher.join()


def test_two_that_look_do_not_see_each_other(path: Path) -> None:
    path.touch()
    seen: set[bool | None] = set()

    def look() -> None:
        for _ in range(2_000):
            seen.add(held_by_other(path))

    watchers = [threading.Thread(target=look) for _ in range(4)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    assert seen == {False}


def test_no_file_means_nobody_and_an_unreadable_one_means_unknown(path: Path, tmp_path: Path) -> None:
    assert held_by_other(path) is False
    path.symlink_to(tmp_path / "elsewhere")
    assert held_by_other(path) is None


def record(**changes: object) -> RunRecord:
    values = {"run": "r", "project": "p", "status": "running", "pid": os.getpid(), "boot_id": boot_id()} | changes
    return RunRecord(**values)  # type: ignore[arg-type]


class TestIsAlive:
    def test_the_lock_decides(self, path: Path) -> None:
        assert not is_alive(record(), path), "the pid lives, but nobody holds the lock"
        with RunLock(path):
            assert is_alive(record(status="died", pid=0), path)
            assert is_alive(None, path)

    def test_another_machine_is_judged_by_its_heartbeat(self, path: Path) -> None:
        elsewhere = record(boot_id="another", heartbeat=1000.0)
        assert is_alive(elsewhere, path, now=1020.0)
        assert not is_alive(elsewhere, path, now=1100.0)
        assert not is_alive(record(boot_id="another", heartbeat=1000.0, status="completed"), path, now=1001.0)

    def test_without_locks_the_process_id_is_asked(self, tmp_path: Path) -> None:
        unknown = tmp_path / "loop"
        unknown.symlink_to(unknown)
        assert held_by_other(unknown) is None
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        assert is_alive(record(), unknown)
        assert not is_alive(record(pid=gone.pid), unknown)
        assert not is_alive(record(pid=0), unknown)
        assert not is_alive(None, unknown)

"""Row 8, the supervised restart: how often, after how long, and when not. Real forks and signals, and a real engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from msopt_tui.engine import restart
from msopt_tui.engine.restart import delay_of
from msopt_tui.protocol import commands as cmd
from msopt_tui.runs.record import read_record
from tests.projects import Session, losses_of

SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from msopt_tui.engine import restart
restart.DELAY_SECONDS = {delay}
log = Path(sys.argv[1])
def work(why):
    with log.open("a") as file:
        file.write(f"{{why.words if why else 'first'}}\\n")
    attempt = why.attempt if why else 0
    {deed}
    return 0
code = restart.Supervisor(work, {limit}, lambda number: 128 + number).run()
sys.stdout.flush()
os._exit(restart.end_like(code))
"""


def supervised(tmp_path: Path, deed: str, limit: int = 2, delay: float = 0.01) -> subprocess.Popen[str]:
    script = SCRIPT.format(deed=deed, limit=limit, delay=delay)
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def told(tmp_path: Path) -> list[str]:
    return (tmp_path / "log").read_text().splitlines()


def test_the_waits_double_up_to_a_minute() -> None:
    assert [delay_of(attempt) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_segfault_is_followed_by_a_restart_that_says_why(tmp_path: Path) -> None:
    process = supervised(tmp_path, "if attempt == 0: os.kill(os.getpid(), signal.SIGSEGV)")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0, out
    assert told(tmp_path) == ["first", "the engine was ended by SIGSEGV: restart 1 of 2"]
    assert "restart 1 of 2 in" in out


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_after_so_many_it_ends_by_the_same_signal(tmp_path: Path, number: signal.Signals) -> None:
    process = supervised(tmp_path, f"os.kill(os.getpid(), {int(number)})")
    process.communicate(timeout=30)
    assert process.returncode == -number, "whoever waits for the host sees the signal"
    assert len(told(tmp_path)) == 3


@pytest.mark.parametrize(
    ("deed", "code"), [("return 75", 75), ("raise ValueError('no')", 1), ("os.kill(os.getpid(), signal.SIGTERM)", -15)]
)
def test_an_end_that_is_no_accident_is_the_end(tmp_path: Path, deed: str, code: int) -> None:
    process = supervised(tmp_path, deed)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == code
    assert told(tmp_path) == ["first"]
    assert ("ValueError: no" in out) is ("ValueError" in deed), "an error of the child is not lost"


def test_a_stop_while_it_waits_to_restart_is_obeyed(tmp_path: Path) -> None:
    process = supervised(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", delay=60.0)
    assert process.stdout is not None
    assert "restart 1 of 2 in 60 s" in process.stdout.readline()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM
    assert told(tmp_path) == ["first"]


def test_a_signal_for_the_parent_reaches_the_engine(tmp_path: Path) -> None:
    handler = "signal.signal(signal.SIGUSR1, lambda *_: os._exit(75))"
    deed = f"{handler}; print('here', flush=True); [time.sleep(0.05) for _ in range(600)]"
    process = supervised(tmp_path, deed)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    os.kill(process.pid, signal.SIGUSR1)
    assert process.wait(30) == 75


def test_every_death_that_somebody_asked_for_is_known() -> None:
    assert signal.SIGKILL not in restart.DELIBERATE, "also how the kernel frees memory"
    assert signal.SIGTERM in restart.DELIBERATE


def test_an_engine_that_is_killed_comes_back_and_ends_as_the_undisturbed_one(session: Session) -> None:
    project = ("train.max_steps=120", "train.save_steps=20", "resources.max_restarts=2")
    undisturbed = losses_of(session.train(*project))
    process = session.start(str(session.project), "--headless", *project)
    run = session.wait_for_latest(process, after=1)
    session.send_when(run, cmd.Pause(at_step=50), lambda state: state.version > 0)
    session.wait_for(run, lambda state: state.status == "paused" and state.step == 50)
    record = read_record(run.state)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert "ended by SIGKILL: restart 1 of 2 in 1 s" in out
    assert "the engine is gone" not in out, "whoever watches waits for the next one"
    assert losses_of(run) == undisturbed
    record = read_record(run.state)
    assert record is not None
    assert record.restarts == 1

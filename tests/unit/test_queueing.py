"""The queue: one project after another, whatever becomes of one of them, of the terminal, or of the queue itself."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from msopt_tui import cli
from msopt_tui.queueing import Queue

SCRIPT = """
from msopt_tui.queueing import Queue
sys.exit(Queue(sys.argv[1:], []).run())
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the program itself: what it is told to do stands in the project file."""
    package = tmp_path / "msopt_tui_stand_in.py"
    package.write_text("import sys\nexec(open(sys.argv[1]).read())\n")
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} {package} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return tmp_path


def project(folder: Path, name: str, code: str) -> str:
    path = folder / name
    path.write_text(code)
    return str(path)


@pytest.fixture(autouse=True)
def _signals() -> object:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_it_goes_on_after_a_failure_and_says_so(fake: Path) -> None:
    names = [
        project(fake, "a.toml", "print('hello', sys.argv[2:])"),
        project(fake, "b.toml", "sys.exit(3)"),
        project(fake, "c.toml", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        project(fake, "d.toml", "print('\\x1b[2J last')"),
    ]
    out = io.StringIO()
    queue = Queue(names, ["train.seed=1"], out)
    assert queue.run() == 1
    assert [done.exit_code for done in queue.done] == [0, 3, 137, 0]
    text = out.getvalue()
    assert "hello ['train.seed=1', '--headless']" in text
    assert "── 2 of 4" in text
    assert "2 done, 2 failed, 0 left" in text
    assert "\x1b" not in text, "foreign text can't act on the terminal"


def test_all_well(fake: Path) -> None:
    assert Queue([project(fake, "a.toml", "")], [], io.StringIO()).run() == 0


def test_a_terminal_that_is_gone_ends_nothing(fake: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    mark = fake / "mark"
    names = [
        project(fake, "a.toml", "print('x' * 100_000)"),
        project(fake, "b.toml", f"import os, signal; os.kill(os.getppid(), signal.SIGHUP); open({str(mark)!r}, 'w')"),
    ]
    out = os.fdopen(writer, "w")
    assert Queue(names, [], out).run() == 0
    assert mark.exists()
    with pytest.raises(BrokenPipeError):
        out.close()


def test_a_signal_goes_to_the_project_under_way_and_no_other_begins(fake: Path) -> None:
    ready = fake / "ready"
    code = f"""
import signal, time, sys
signal.signal(signal.SIGTERM, lambda *_: (print('saved', flush=True), sys.exit(143)))
open({str(ready)!r}, 'w').close()
signal.pause()
"""
    names = [project(fake, "a.toml", code), project(fake, "b.toml", "")]
    script = f"import sys; sys.executable = {sys.executable!r}\n" + SCRIPT
    environment = os.environ | {"PYTHONPATH": os.getcwd()}  # noqa: PTH109
    process = subprocess.Popen(
        [Path("/proc/self/exe").resolve(), "-c", script, *names], stdout=subprocess.PIPE, text=True, env=environment
    )
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    text, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "saved" in text
    assert "· not begun" in text
    assert "0 done, 1 failed, 1 left" in text


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["queue"]) == 3
    assert "queue which projects?" in capsys.readouterr().err

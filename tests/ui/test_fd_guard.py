"""What native code writes to descriptors 1 and 2 stays off the screen and is in the log."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from msopt_tui.ui.fd_guard import FdGuard
from tests.pty_session import PtySession

APP = [sys.executable, str(Path(__file__).with_name("terminal_app.py"))]
NOISES = [
    "NOISE by libc puts",
    "NOISE by libc printf",
    "NOISE by os.write to 1",
    "NOISE by os.write to 2",
    "NOISE by a child process",
    "NOISE by print",
    "NOISE by print to stderr",
    "NOISE left in the buffer of libc",
]


def test_noise_reaches_the_log_and_not_the_screen(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    # That variable would also take the buffers away that C's library has, and with them half of this test.
    with PtySession([*APP, "--guard", log], env={"PYTHONUNBUFFERED": None}) as session:
        session.wait_for("size 160x45")
        session.send("n")
        session.wait_for("NOISE DONE")
        session.send("q")
        assert session.wait_exit() == 7
        session.wait_for("the app has ended")
        assert b"NOISE by" not in session.raw
        assert b"NOISE left" not in session.raw
    assert sorted(filter(None, log.read_text().splitlines())) == sorted(NOISES)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_without_a_guard_the_same_noise_is_on_the_terminal() -> None:
    with PtySession(APP) as session:
        session.wait_for("size 160x45")
        session.send("n")
        session.wait_for("NOISE DONE")
        assert b"NOISE by os.write to 2" in session.raw


def test_what_is_printed_after_the_terminal_was_lost_is_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    with PtySession([*APP, "--guard", log, "--hook", tmp_path / "ended"]) as session:
        session.wait_for("size 160x45")
        session.close_terminal()
        assert session.wait_exit(4.0) == 55
    assert log.read_text() == "printed without a terminal\n"


def test_release_puts_back_what_was_there(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from msopt_tui.ui.fd_guard import FdGuard
print("before", flush=False)
with FdGuard(Path({str(tmp_path / "log")!r})) as guard:
    assert guard.engaged
    guard.engage()
    print("inside")
    guard.release()
    assert not guard.engaged
    print("between")
    guard.engage()
    guard.log("logged \\ud800\\n")
guard.close()
guard.log("after close, and no error")
print("after")
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "before\nbetween\nafter\n"
    assert ran.stderr == ""
    assert (tmp_path / "log").read_text() == "inside\nlogged ?\n"


def test_a_closed_descriptor_stays_closed(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from msopt_tui.ui.fd_guard import FdGuard
os.close(1)
guard = FdGuard(Path({str(tmp_path / "log")!r}))
guard.engage()
os.write(2, b"to the log")
guard.close()
os.write(2, b"to the pipe")
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == "to the pipe"
    assert (tmp_path / "log").read_text() == "to the log"


def test_a_log_that_cannot_be_opened_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FdGuard(tmp_path / "missing" / "log")


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    FdGuard(tmp_path / "log").close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before

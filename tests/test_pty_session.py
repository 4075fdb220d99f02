"""The pseudo-terminal driver of the tests does what the tests trust it to do."""

import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.pty_session import PtySession

SHELL = ["/bin/sh", "-c"]


def test_types_reads_and_resizes() -> None:
    with PtySession([*SHELL, 'stty size; read line; echo "got $line"; stty size'], columns=50, lines=7) as session:
        session.wait_for("7 50")
        session.resize(61, 9)
        session.send("hällo\n")
        session.wait_for("got hällo")
        session.wait_for("9 61")
        assert session.wait_exit() == 0
        assert session.screen()[:4] == ["7 50", "hällo", "got hällo", "9 61"]


def test_exit_codes_and_signals() -> None:
    with PtySession([*SHELL, "exit 12"]) as session:
        assert session.wait_exit() == 12
    with PtySession(["sleep", "60"]) as session:
        session.signal(signal.SIGKILL)
        assert session.wait_exit() == -signal.SIGKILL


def test_closing_hangs_up() -> None:
    with PtySession([*SHELL, 'trap "exit 41" HUP; echo ready; while :; do read x || sleep 0.01; done']) as session:
        session.wait_for("ready")
        session.close_terminal()
        assert session.wait_exit(2.0) == 41


def test_stalling_fills_the_kernels_buffer() -> None:
    with PtySession(["yes"]) as session:
        session.wait_for(lambda s: s.bytes_received > 100_000)
        session.stall()
        time.sleep(0.1)
        seen = session.bytes_received
        time.sleep(0.2)
        assert session.bytes_received == seen
        session.resume_reading()
        session.wait_for(lambda s: s.bytes_received > seen + 100_000)


def test_answers_queries_like_a_terminal() -> None:
    ask = "import sys, tty; tty.setraw(0); print(end='\\x1b[?2026$p', flush=True); print(repr(sys.stdin.read(11)))"
    with PtySession([sys.executable, "-c", ask]) as session:
        session.wait_for("'\\x1b[?2026;2$y'")


def test_unknown_sequences_leave_no_text_and_modes_are_followed() -> None:
    tricky = r"\033[?1049h\033[?1000;1006hA\033[>25uB\033[<uC\033[?2026$pD\033_Gx\033\\E\033[?1000l"
    with PtySession([*SHELL, f"printf '{tricky}'"], replies={}) as session:
        session.wait_exit()
        session.wait_for("ABCDE")
        assert session.modes & {1049, 1000, 1006} == {1049, 1006}


def test_a_timeout_shows_the_screen() -> None:
    with (
        PtySession([*SHELL, "echo something else; sleep 60"]) as session,
        pytest.raises(TimeoutError, match="something else"),
    ):
        session.wait_for("never", timeout=0.3)


DAEMON = """
import os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(60)
"""


def test_nothing_is_left_behind_not_even_a_daemon(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with PtySession([sys.executable, "-c", DAEMON, pid_file], env={"SOME": "thing", "PATH": None}) as session:
        session.wait_exit()
        session.wait_for(lambda _: pid_file.exists())
        daemon = int(pid_file.read_text())
        assert psutil.pid_exists(daemon)
    assert is_gone(daemon)
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

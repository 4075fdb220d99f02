"""The safe driver on a real pseudo-terminal that stalls, hangs up, is closed, resized and suspended."""

import json
import re
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.pty_session import PtySession

APP = [sys.executable, str(Path(__file__).with_name("terminal_app.py"))]
ALTERNATE_SCREEN, SHOWN_CURSOR, MOUSE, ANY_MOUSE, PASTE, FOCUS = 1049, 25, 1000, 1003, 2004, 1004
FRAME = re.compile(rb"\x1b\[\?2026h(.*?)\x1b\[\?2026l", re.DOTALL)
LONG_STALL = 3.0


def is_restored(session: PtySession) -> bool:
    return session.cooked and session.modes & {ALTERNATE_SCREEN, MOUSE, ANY_MOUSE, PASTE, FOCUS} == set()


def is_busy(session: PtySession) -> bool:
    """Some frames have been shown; the raw bytes are asked, because pyte would read too slowly for this."""
    return session.bytes_received > 150_000


def shows_the_last_frame(session: PtySession) -> bool:
    header, size, *confetti = session.screen()
    last = header.removeprefix("MEASURED ")
    return size == "size 160x45" and {line.split()[1] for line in confetti} == {last}


def stats_of(path: Path) -> dict[str, float]:
    stats: dict[str, float] = json.loads(path.read_text())
    return stats


def test_a_stalled_terminal_costs_frames_but_no_time_and_no_memory(tmp_path: Path) -> None:
    stats = tmp_path / "stats.json"
    with PtySession([*APP, "--busy", "30", "--stats", stats]) as session:
        session.wait_for(is_busy)
        session.stall()
        time.sleep(LONG_STALL / 3)  # Caches fill up and the backlog with them; from here on nothing may grow.
        session.send("m")
        time.sleep(LONG_STALL * 2 / 3)
        session.send("b")
        time.sleep(0.3)
        seen = session.bytes_received
        session.resume_reading()
        session.wait_for(shows_the_last_frame)
        time.sleep(0.3)
        assert session.raw[seen:].count(b"MEASURED") == 1, "the header is drawn by full frames only"
        session.send("q")
        assert session.wait_exit() == 7
        session.wait_for(is_restored, 2.0)
    measured = stats_of(stats)
    assert measured["lag"] < 1.0, "the event loop never waited for the terminal"
    assert measured["growth"] < 2 * 1024 * 1024, "two seconds of frames are more than three megabytes"


def test_frames_are_dropped_whole(tmp_path: Path) -> None:
    with PtySession([*APP, "--busy", "10"]) as session:
        session.wait_for(is_busy)
        for _ in range(3):
            session.stall()
            time.sleep(0.4)
            session.resume_reading()
            time.sleep(0.1)
        session.send("q")
        session.wait_exit()
        raw = session.raw
    assert raw.count(b"\x1b[?2026h") == raw.count(b"\x1b[?2026l") == len(FRAME.findall(raw))
    for frame in FRAME.findall(raw):
        assert b"\x1b" not in re.sub(rb"\x1b\[[\d;]*[mH]", b"", frame)
        assert re.match(rb"\x1b\[\d+;\d+H", frame), "each starts by placing the cursor"
        assert re.search(rb"\x1b\[\d+;\d+H\Z", frame), "and ends so"


def test_quitting_while_the_terminal_stalls_takes_a_second_and_restores_it(tmp_path: Path) -> None:
    with PtySession([*APP, "--busy", "10"]) as session:
        session.wait_for(is_busy)
        session.stall()
        time.sleep(0.4)
        session.send("q")
        started = time.monotonic()
        assert session.wait_exit(4.0) == 7
        assert time.monotonic() - started < 2.5
        session.resume_reading()
        session.wait_for(is_restored, 2.0)
        assert SHOWN_CURSOR in session.modes


@pytest.mark.parametrize("shield", ["", "trap '' HUP; "], ids=["with SIGHUP", "SIGHUP ignored"])
def test_a_closed_terminal_ends_the_app(tmp_path: Path, shield: str) -> None:
    stats = tmp_path / "stats.json"
    command = [*APP, "--busy", "10", "--stats", str(stats)]
    with PtySession(["/bin/sh", "-c", f'{shield}exec "$@"', "sh", *command]) as session:
        session.wait_for(is_busy)
        before = sum(psutil.Process(session.pid).cpu_times()[:2])
        session.close_terminal()
        assert session.wait_exit(2.0) == 129
    assert stats_of(stats)["cpu"] - before < 0.6, "leaving is no reason to spin"


def test_an_idle_app_notices_that_its_terminal_is_gone(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", 'trap "" HUP; exec "$@" 2>"$0"', str(tmp_path / "stderr"), *APP]
    with PtySession(command) as session:
        session.wait_for("size 160x45")
        session.close_terminal()
        assert session.wait_exit(2.0) == 129
    assert (tmp_path / "stderr").read_text() == "", "no traceback"


def test_a_terminal_gone_before_the_app_starts_is_an_exit_code_too(tmp_path: Path) -> None:
    script = 'trap "" HUP; echo ready; read x; exec "$@" 2>"$0"'
    with PtySession(["/bin/sh", "-c", script, str(tmp_path / "stderr"), *APP]) as session:
        session.wait_for("ready")
        session.close_terminal()
        assert session.wait_exit(4.0) == 129
    assert (tmp_path / "stderr").read_text() == "", "no traceback"


def test_an_app_may_decide_what_a_lost_terminal_means_and_survives_a_second_hang_up(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    with PtySession([*APP, "--guard", tmp_path / "log", "--hook", ended]) as session:
        session.wait_for("size 160x45")
        session.close_terminal()
        session.wait_for(lambda _: ended.exists())
        session.signal(signal.SIGHUP)
        assert session.wait_exit(2.0) == 55


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_app_and_restores_the_terminal(number: signal.Signals, code: int) -> None:
    with PtySession([*APP, "--busy", "10"]) as session:
        session.wait_for(is_busy)
        assert ALTERNATE_SCREEN in session.modes
        assert not session.cooked
        session.signal(number)
        assert session.wait_exit(2.0) == code
        session.wait_for(is_restored, 2.0)
        assert SHOWN_CURSOR in session.modes
        assert b"Traceback" not in session.raw


def test_suspend_and_continue_repaint_everything() -> None:
    with PtySession(APP, columns=80, lines=24) as session:
        session.wait_for("generation 0 line 20")
        session.signal(signal.SIGTSTP)
        session.wait_for(lambda s: psutil.Process(s.pid).status() == psutil.STATUS_STOPPED)
        session.wait_for(is_restored)
        session.signal(signal.SIGCONT)
        session.wait_for(lambda s: has_entered_and_painted(s, times=2))
        assert not session.cooked
        # A stop from outside, which nobody could prepare for, and with it a shell that resets the terminal.
        session.signal(signal.SIGSTOP)
        session.wait_for(lambda s: psutil.Process(s.pid).status() == psutil.STATUS_STOPPED)
        session.signal(signal.SIGCONT)
        session.wait_for(lambda s: has_entered_and_painted(s, times=3))
        assert psutil.Process(session.pid).num_threads() == 3, "the event loop, the reader, the writer"
        session.send("q")
        assert session.wait_exit() == 7


def has_entered_and_painted(session: PtySession, times: int) -> bool:
    entered = session.raw.split(b"\x1b[?1049h")
    return len(entered) == times + 1 and b"HEADER" in entered[-1]


def test_sizes_come_from_the_terminal_whatever_the_environment_says(tmp_path: Path) -> None:
    environment = {"COLUMNS": "33", "LINES": "7"}
    with PtySession([*APP, "--guard", tmp_path / "log"], columns=100, lines=30, env=environment) as session:
        session.wait_for("size 100x30")
        session.resize(71, 22)
        session.wait_for("size 71x22")


def test_bytes_that_are_no_text_do_not_harm() -> None:
    with PtySession(APP) as session:
        session.wait_for("size 160x45")
        session.send(b"\xff\xfe\xc3\x28 \x1b[999;999;999;99~")
        session.send("m")
        session.wait_for("MEASURING")


def test_input_that_ends_does_not_make_the_app_spin() -> None:
    with PtySession(["/bin/sh", "-c", 'exec "$@" </dev/null', "sh", *APP]) as session:
        session.wait_for("size 160x45")
        # What is left is the event loop and the writer, not a thread that reads nothing again and again.
        session.wait_for(lambda s: psutil.Process(s.pid).num_threads() == 2, 2.0)
        session.signal(signal.SIGTERM)
        assert session.wait_exit() == 143


def test_a_terminal_that_answers_nothing_is_no_hindrance() -> None:
    with PtySession([*APP, "--busy", "10"], replies={}) as session:
        session.wait_for(is_busy)
        assert b"\x1b[?2026h" not in session.raw
        session.stall()
        time.sleep(0.5)
        seen = session.bytes_received
        session.resume_reading()
        session.wait_for(lambda s: b"HEADER" in s.raw[seen:])
        session.send("q")
        assert session.wait_exit() == 7


def test_the_full_redraw_shows_the_screen_below_a_dialog_too() -> None:
    with PtySession([*APP, "--busy", "10"]) as session:
        session.wait_for(is_busy)
        session.send("d")
        session.wait_for(lambda s: b"DIALOG" in s.raw)
        session.stall()
        time.sleep(0.5)
        seen = session.bytes_received
        session.resume_reading()
        session.wait_for(lambda s: b"DIALOG" in s.raw[seen:] and b"HEADER" in s.raw[seen:])


def test_a_crash_restores_the_terminal_and_shows_a_harmless_traceback(tmp_path: Path) -> None:
    with PtySession([*APP, "--guard", tmp_path / "log"], lines=60) as session:
        session.wait_for("size 160x60")
        session.send("x")
        assert session.wait_exit() == 1
        session.wait_for("crash ]0;OWNED [/] [2J end")
        session.wait_for(is_restored, 2.0)
        assert b"\x1b]0;" not in session.raw
        assert b"\x1b[2J" not in session.raw

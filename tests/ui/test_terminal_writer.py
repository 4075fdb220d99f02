"""The writer alone, on a pseudo-terminal that this test reads, or does not."""

import fcntl
import os
import select
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from msopt_tui.ui.terminal_writer import BACKLOG_LIMIT, TerminalWriter

FRAME = "\x1b[1;1H" + "x" * 2000 + "\x1b[0m"


class Terminal:
    """Both ends of a pseudo-terminal, and what the writer reported."""

    def __init__(self, *, blocking: bool = False) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.fd = os.open(os.ttyname(self.slave), os.O_WRONLY | os.O_NOCTTY | (0 if blocking else os.O_NONBLOCK))
        self.lost = threading.Event()
        self.redraws = 0
        self.redrawn = threading.Event()
        self.writer = TerminalWriter(self.fd, on_lost=self.lost.set, on_redraw=self.note_redraw)
        self.writer.start()

    def note_redraw(self) -> None:
        self.redraws += 1
        self.redrawn.set()

    def read(self, quiet: float = 0.1) -> str:
        """Everything until nothing has come for a while."""
        data = b""
        while select.select([self.master], [], [], quiet)[0]:
            data += os.read(self.master, 65536)
        return data.decode()

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.writer.close(0.0)
    made.close()


def fill(terminal: Terminal) -> int:
    """Send frames until they are dropped; returns how many were taken."""
    taken = 0
    while terminal.writer.frame(FRAME):
        taken += 1
    return taken


def test_frames_and_modes_arrive_in_order(terminal: Terminal) -> None:
    terminal.writer.mode("\x1b[?1049h")
    terminal.writer.frame("one")
    terminal.writer.frame("zwei ✓ \udc80")
    assert terminal.read() == "\x1b[?1049honezwei ✓ ?"
    assert terminal.redraws == 0


def test_a_full_backlog_drops_whole_frames_and_asks_once_for_a_redraw(terminal: Terminal) -> None:
    taken = fill(terminal)
    assert terminal.writer.backlog <= BACKLOG_LIMIT + len(FRAME)
    for _ in range(1000):
        assert not terminal.writer.frame(FRAME)
    assert terminal.writer.frames_dropped == 1001
    assert terminal.read() == FRAME * taken
    assert terminal.redrawn.wait(2.0)
    assert terminal.writer.frame("the redraw")
    assert terminal.read() == "the redraw"
    assert terminal.redraws == 1


def test_no_caller_ever_waits(terminal: Terminal) -> None:
    started = time.perf_counter()
    for _ in range(2000):
        terminal.writer.frame(FRAME)
        terminal.writer.mode("\x1b[?25l")
    assert time.perf_counter() - started < 0.5
    assert terminal.writer.backlog < 3 * BACKLOG_LIMIT, "a flood of mode switches is bounded as well"


def test_one_frame_may_be_larger_than_the_backlog(terminal: Terminal) -> None:
    large = "y" * (4 * BACKLOG_LIMIT)
    assert terminal.writer.frame(large)
    assert terminal.read() == large
    assert terminal.redraws == 0


def test_a_terminal_that_polls_as_writable_and_refuses_does_not_make_the_thread_spin(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A serial line with room for one byte does so when the next is a line break, which takes two.
    write, refusals = os.write, 0

    def refuse(fd: int, data: bytes | memoryview) -> int:
        nonlocal refusals
        if fd != terminal.fd:
            return write(fd, data)
        refusals += 1
        raise BlockingIOError

    monkeypatch.setattr(os, "write", refuse)
    terminal.writer.frame("\n")
    time.sleep(0.3)
    assert 2 < refusals < 30
    monkeypatch.undo()
    assert terminal.read() == "\n"


@pytest.mark.parametrize("idle", [True, False])
def test_a_hang_up_is_reported_once(terminal: Terminal, idle: bool) -> None:
    if not idle:
        fill(terminal)
    terminal.hang_up()
    assert terminal.lost.wait(1.0)
    assert not terminal.writer.frame("nobody sees this")
    assert not terminal.writer.close(1.0)


def test_closing_writes_what_is_left(terminal: Terminal) -> None:
    reader: list[str] = []
    thread = threading.Thread(target=lambda: reader.append(terminal.read(0.3)))
    thread.start()
    terminal.writer.frame(FRAME * 10)
    terminal.writer.mode("\x1b[?1049l")
    assert terminal.writer.close(2.0)
    thread.join()
    assert reader == [FRAME * 10 + "\x1b[?1049l"]


@pytest.mark.parametrize("large", [False, True])
def test_closing_a_stalled_terminal_is_bounded_and_leaves_the_modes(terminal: Terminal, large: bool) -> None:
    if large:
        terminal.writer.frame("y" * (8 * BACKLOG_LIMIT))
    fill(terminal)
    terminal.writer.mode("\x1b[?1049l\x1b[?25h")
    started = time.monotonic()
    assert not terminal.writer.close(0.3)
    assert time.monotonic() - started < 0.8
    assert terminal.read().endswith("\x1b[?1049l\x1b[?25h"), "for the day it reads again"


def test_a_blocking_descriptor_blocks_nobody_but_the_writers_thread() -> None:
    terminal = Terminal(blocking=True)
    started = time.monotonic()
    fill(terminal)
    assert time.monotonic() - started < 0.5
    assert terminal.read().startswith(FRAME)
    assert terminal.redrawn.wait(2.0)
    fill(terminal)
    terminal.writer.close(0.2)
    assert time.monotonic() - started < 3.0
    terminal.close()


def test_the_terminals_own_flags_stay_as_they_were(terminal: Terminal) -> None:
    terminal.writer.frame("x")
    assert not fcntl.fcntl(terminal.slave, fcntl.F_GETFL) & os.O_NONBLOCK

"""Writing to a terminal that may stall or vanish, without ever making a caller wait.

Callers append to a bounded backlog; one thread moves it to the terminal as fast as the terminal reads. When
the backlog is full, whole frames are dropped (never a part of one, so no escape sequence is ever cut), and
once the terminal has drained, its owner is told that the screen needs one full redraw.
"""

import errno
import os
import select
import termios
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

BACKLOG_LIMIT: Final = 64 * 1024
"""Bytes waiting above which a new frame is dropped; the backlog never exceeds this by more than one frame."""

_WRITE_SIZE: Final = 64 * 1024
# A blocking descriptor may hold the thread for the rest of one write, so those writes stay small.
_BLOCKING_WRITE_SIZE: Final = 256
# A terminal with room for one byte polls as writable but refuses a line break, which takes two.
_RETRY_MS: Final = 20
_GIVE_UP_SECONDS: Final = 0.2
# Ends whatever sequence the terminal was in the middle of: ST closes strings, ESC aborts the rest.
_RECOVER: Final = b"\x1b\\\x1b[0m"


class _Chunk(NamedTuple):
    data: bytes
    droppable: bool


class TerminalWriter:
    """A thread that owns one terminal descriptor and writes to it.

    Args:
        fd: The terminal, open for writing, non-blocking if possible. The writer closes it.
        on_lost: Called once, from the writer's thread, when the terminal is gone.
        on_redraw: Called from the writer's thread when frames were dropped and the terminal has since drained.
        backlog_limit: Bytes that may wait, see `BACKLOG_LIMIT`.
    """

    def __init__(
        self,
        fd: int,
        *,
        on_lost: Callable[[], None],
        on_redraw: Callable[[], None],
        backlog_limit: int = BACKLOG_LIMIT,
    ) -> None:
        self.frames_dropped = 0
        self._fd = fd
        self._on_lost = on_lost
        self._on_redraw = on_redraw
        self._backlog_limit = backlog_limit
        self._blocking = os.get_blocking(fd)
        self._lock = threading.Lock()
        self._chunks: deque[_Chunk] = deque()
        self._head_sent = 0
        self._backlog = 0
        self._mode_backlog = 0
        self._dropping = False
        self._refused = False
        self._lost = False
        self._closing = False
        self._abandoned = False
        self._complete = False
        self._finished = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._thread = threading.Thread(target=self._run, name="terminal-writer", daemon=True)

    @property
    def backlog(self) -> int:
        """Bytes accepted and not yet taken by the terminal."""
        return self._backlog

    def start(self) -> None:
        """Start the thread; call once."""
        self._thread.start()

    def frame(self, text: str) -> bool:
        """Queue one frame, complete in itself; returns whether it was taken and not dropped."""
        with self._lock:
            if self._dropping or self._backlog > self._backlog_limit:
                self._dropping = True
                self.frames_dropped += 1
                return False
        return self._append(text, droppable=True)

    def mode(self, text: str) -> bool:
        """Queue a switch of a terminal mode, which no redraw would repeat; dropped only after a flood."""
        with self._lock:
            # Counted apart: the switches that restore the terminal must find room behind any frame.
            if self._mode_backlog > self._backlog_limit:
                return False
        return self._append(text, droppable=False)

    def close(self, timeout: float) -> bool:
        """Write what is left and close the terminal's descriptor.

        A terminal that does not take it within `timeout` seconds loses the waiting frames: only the mode
        switches are put into its emptied buffer, so that it is in order should it ever read again.

        Returns:
            Whether everything was written, now or in an earlier call.
        """
        with self._lock:
            if self._closing:
                return self._complete
            self._closing = True
        self._wake()
        if not self._finished.wait(timeout):
            self._abandoned = True
            self._wake()
            if not self._finished.wait(_GIVE_UP_SECONDS):
                return False  # Inside a blocking write: the thread is a daemon and keeps its descriptors.
            self._force_modes()
        self._complete = not self._chunks and not self._lost
        for fd in (self._fd, self._wake_read, self._wake_write):
            os.close(fd)
        return self._complete

    def _append(self, text: str, *, droppable: bool) -> bool:
        data = text.encode("utf-8", "replace")
        with self._lock:
            if self._closing or self._finished.is_set() or not data:
                return False
            self._chunks.append(_Chunk(data, droppable))
            self._backlog += len(data)
            self._mode_backlog += 0 if droppable else len(data)
            first = len(self._chunks) == 1
        if first:
            self._wake()
        return True

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # The pipe is full of wake-ups already.
            os.write(self._wake_write, b"\0")

    def _run(self) -> None:
        try:
            while not self._abandoned:
                closing = self._closing  # Read first: nothing is queued after it is set.
                if self._chunks:
                    self._advance(self._chunks[0])
                elif closing:
                    break
                else:
                    self._wait(0)
        except OSError:
            # EIO, EBADF, ENXIO: whatever the reason, nothing can be shown any more.
            self._lost = True
            self._on_lost()
        finally:
            self._finished.set()

    def _advance(self, chunk: _Chunk) -> None:
        """Write as much of the oldest chunk as the terminal takes now, or wait until it takes any."""
        if self._blocking and not self._wait(select.POLLOUT):
            return
        size = _BLOCKING_WRITE_SIZE if self._blocking else _WRITE_SIZE
        try:
            sent = os.write(self._fd, memoryview(chunk.data)[self._head_sent :][:size])
        except BlockingIOError:
            self._wait(*((0, _RETRY_MS) if self._refused else (select.POLLOUT, None)))
            self._refused = True
            return
        self._refused = False
        with self._lock:
            self._head_sent += sent
            self._backlog -= sent
            if self._head_sent == len(chunk.data):
                self._chunks.popleft()
                self._head_sent = 0
                self._mode_backlog -= 0 if chunk.droppable else len(chunk.data)
            redraw = self._dropping and self._backlog == 0
            self._dropping = self._dropping and not redraw
        if redraw:
            self._on_redraw()

    def _wait(self, events: int, timeout_ms: int | None = None) -> bool:
        """Wait for the terminal or a caller; returns whether the terminal is ready for `events`.

        Raises:
            OSError: The terminal is gone.
        """
        poller = select.poll()
        poller.register(self._fd, events)
        poller.register(self._wake_read, select.POLLIN)
        ready = dict(poller.poll(timeout_ms))
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if ready.get(self._fd, 0) & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
            raise OSError(errno.EIO, "the terminal is gone")
        return self._fd in ready

    def _force_modes(self) -> None:
        modes = b"".join(chunk.data for chunk in self._chunks if not chunk.droppable)
        # The terminal may be gone by now, or have no room even for this: then it stays as it is.
        with suppress(OSError, termios.error):
            termios.tcflush(self._fd, termios.TCOFLUSH)
            os.write(self._fd, _RECOVER + modes)

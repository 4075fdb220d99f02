"""Keeps whatever libraries write to file descriptors 1 and 2 off the screen and in a log file.

Python code, child processes and native libraries (CUDA, allocators, tokenizers) write there at any time; one
such line on a full-screen terminal damages it until the next redraw and is lost with it.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_STDOUT: Final = 1
_STDERR: Final = 2


class FdGuard:
    """Sends descriptors 1 and 2 to a log file while engaged; the terminal stays reachable as `terminal_fd`.

    A context manager: engaged on entry, released and closed on exit. `SafeLinuxDriver` engages and releases
    it together with the screen, so that suspending the app and its last words still reach the terminal.

    Args:
        log_path: Opened at once for appending and, if new, private to the user.

    Raises:
        OSError: The log file can't be opened.
    """

    def __init__(self, log_path: Path) -> None:
        self.log_path = log_path
        self._log_fd = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._saved: dict[int, int] = {}

    @property
    def engaged(self) -> bool:
        """Whether descriptors 1 and 2 go to the log now."""
        return bool(self._saved)

    @property
    def terminal_fd(self) -> int | None:
        """The real terminal among descriptors 2, 1 and 0, whether engaged or not; None without one."""
        candidates = (self._saved.get(_STDERR, _STDERR), self._saved.get(_STDOUT, _STDOUT), 0)
        return next((fd for fd in candidates if os.isatty(fd)), None)

    def engage(self) -> None:
        """Redirect both descriptors; a second call changes nothing."""
        if self._saved:
            return
        _flush_python()
        for fd in (_STDOUT, _STDERR):
            # A descriptor that the parent closed can't be put back later, so it is left closed.
            with suppress(OSError):
                self._saved[fd] = os.dup(fd)
                os.dup2(self._log_fd, fd)

    def release(self) -> None:
        """Put both descriptors back; a second call changes nothing."""
        if not self._saved:
            return
        _flush_python()
        _flush_native()
        for fd, original in self._saved.items():
            os.dup2(original, fd)
            os.close(original)
        self._saved.clear()

    def log(self, text: str) -> None:
        """Append text to the log; a full disk loses it, because a print must not fail for that."""
        with suppress(OSError):
            os.write(self._log_fd, text.encode("utf-8", "replace"))

    def close(self) -> None:
        """Release, and close the log file."""
        self.release()
        if self._log_fd >= 0:
            os.close(self._log_fd)
            self._log_fd = -1

    def __enter__(self) -> Self:
        self.engage()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _flush_python() -> None:
    """Write out Python's buffers, so that text lands on the side of the switch where it was written."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            # A terminal that is gone, or a full disk: there is nowhere to say so.
            with suppress(OSError):
                stream.flush()


def _flush_native() -> None:
    """The same for C's buffers. Only on release: before the screen is up, nothing native has run here."""
    import ctypes  # 2 ms that the first frame need not wait for.

    ctypes.CDLL(None).fflush(None)

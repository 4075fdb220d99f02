"""The lock of a run: whoever holds it is its engine. The kernel drops it with the process, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType


class RunLocked(Exception):
    """Another engine owns the run."""

    def __init__(self, path: Path, pid: int) -> None:
        self.path = path
        self.pid = pid
        """Process id as written by the owner, 0 where it can't be read."""
        owner = f" (process {pid})" if pid else ""
        super().__init__(f"another engine{owner} is working on {path.parent}")


class RunLock:
    """An exclusive `flock` on a run's lock file, for as long as the object is held.

    The file stays when the lock goes; only the kernel's word counts, so a file left by a killed engine never blocks.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether we hold it."""
        return self._fd is not None

    def acquire(self, patience: float = 0.5) -> None:
        """Take the lock, trying for `patience` seconds: a cockpit that looks at it holds it for some microseconds.

        Raises RunLocked where another engine has it, OSError where the file can't be opened or locked.
        """
        if self._fd is not None:
            return
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _lock(fd, self.path, patience)
            with contextlib.suppress(OSError):  # a full disk: who has the lock is only worth a better message
                os.ftruncate(fd, 0)
                os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def release(self) -> None:
        """Let go; nothing happens where it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def held_by_other(path: Path) -> bool | None:
    """Whether some engine, in this process or another, holds the lock; `None` where the file system can't say."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        # Shared, so that two that look at once do not see each other.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(fd)
    return False


def _lock(fd: int, path: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise RunLocked(path, _owner(fd)) from None
            time.sleep(0.01)
        else:
            return


def _owner(fd: int) -> int:
    text = os.pread(fd, 32, 0).strip()
    return int(text) if text.isdigit() else 0

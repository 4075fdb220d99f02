"""The end of a file, read within a bound: logs and journals may be of any length."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_tail(path: Path, limit: int) -> bytes:
    """The last `limit` bytes of a file, beginning with a whole line.

    Raises OSError, also for what is no regular file: a pipe in its place would be waited for without end.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        file.seek(max(found.st_size - limit, 0))
        data = file.read(limit)
    return data if found.st_size <= limit else data.partition(b"\n")[2]

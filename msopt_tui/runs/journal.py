"""`events.jsonl`, the truth of a run: appended to by its engine, tailed by whoever watches."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.protocol.events import AnswerGrew, Event, Noted, Progressed, ResourcesSampled, StepsDone
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.journal_lines import LineDecoder
from msopt_tui.runs.sealed import seal

if TYPE_CHECKING:
    from msopt_tui.state.evaluations import EvaluationLines

BUFFER_BYTES = 32_000_000
"""What a writer keeps while the disk takes nothing: some minutes of the fastest training."""
WRITE_BYTES = 1_000_000
"""One write takes about this much at most: a full disk that is asked ten times a second costs little then."""
CHUNK_BYTES = 256_000
"""Read and decoded in one go: about 2 ms, so that a reader with a time limit can stop in time."""
READ_BYTES = 16_000_000
"""What one read returns at most, whatever its time limit."""
LINE_BYTES = 64_000_000
"""A line longer than this is skipped."""

_FREQUENT = (AnswerGrew, StepsDone, Progressed, ResourcesSampled)

Write = Callable[[int, bytes], int]
Use = Callable[[bytes], None]
"""Takes whole lines."""


class JournalWriter:
    """Appends events to a journal. A disk that takes nothing costs no event until the buffer is full.

    One thread, and one writer a journal: the holder of the run's lock. Raises OSError where the file can't be
    opened, and never after that: `error` says what stands in the way.
    """

    def __init__(self, path: Path, *, buffer_bytes: int = BUFFER_BYTES, write: Write = os.write) -> None:
        self._write = write
        self._limit = buffer_bytes
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.fchmod(self._fd, 0o600)
        self._waiting: deque[tuple[bytes, bool]] = deque()
        """Lines and whether they are of the frequent kind; the first may be the rest of one half written."""
        self._size = 0
        self._partial = False
        self._unsaid = 0
        self.lost = 0
        """Events dropped because the buffer was full."""
        self.error = ""
        """Why the latest attempt failed; empty while all is well."""
        if _is_torn(self._fd):
            self._push(b"\n", False)

    @property
    def size(self) -> int:
        """Bytes of the file. Raises OSError."""
        return os.fstat(self._fd).st_size

    @property
    def waiting(self) -> int:
        """Bytes not yet taken by the file system."""
        return self._size

    def append(self, events: Iterable[Event]) -> None:
        """Write events, all of them in one go, after those that still wait."""
        for event in events:
            self._push(_line(event), isinstance(event, _FREQUENT))
        self._make_room()
        self.flush()

    def flush(self) -> bool:
        """Try again to write what waits; whether nothing waits any more."""
        while self._waiting:
            data = self._batch()
            try:
                taken = self._write(self._fd, data)
            except OSError as error:
                self.error = error.strerror or str(error)
                return False
            self._drop_written(taken)
            if taken < len(data):
                # This is how a disk says that it is nearly full; the next attempt tells.
                self.error = "only part of the journal could be written"
                return False
            if not self._waiting:
                self._tell_losses()
        self.error = ""
        return True

    def fsync(self) -> bool:
        """Have the disk keep what was written; whether that is everything. Raises OSError."""
        complete = self.flush()
        os.fsync(self._fd)
        return complete

    def close(self) -> None:
        """Write what waits as far as possible and let the file go."""
        if self._fd >= 0:
            self.flush()
            os.close(self._fd)
            self._fd = -1

    def _push(self, line: bytes, frequent: bool) -> None:
        self._waiting.append((line, frequent))
        self._size += len(line)

    def _batch(self) -> bytes:
        lines: list[bytes] = []
        size = 0
        for line, _ in self._waiting:
            lines.append(line)
            size += len(line)
            if size >= WRITE_BYTES:
                break
        return b"".join(lines)

    def _drop_written(self, taken: int) -> None:
        self._size -= taken
        while self._waiting and taken >= len(self._waiting[0][0]):
            taken -= len(self._waiting.popleft()[0])
            self._partial = False
        if taken:
            line, frequent = self._waiting[0]
            self._waiting[0] = (line[taken:], frequent)
            self._partial = True

    def _make_room(self) -> None:
        """Drop the oldest lines beyond the limit: figures first, because what was done and decided is worth more.

        The rest of a half written line is never dropped: it would tear that line for good.
        """
        if self._size <= self._limit:
            return
        first = [self._waiting.popleft()] if self._partial else []
        for figures_only in (True, False):
            kept: deque[tuple[bytes, bool]] = deque()
            for line, frequent in self._waiting:
                if self._size > self._limit and (frequent or not figures_only):
                    self._size -= len(line)
                    self.lost += 1
                    self._unsaid += 1
                else:
                    kept.append((line, frequent))
            self._waiting = kept
        self._waiting.extendleft(first)

    def _tell_losses(self) -> None:
        if self._unsaid:
            text = f"{self._unsaid} journal entries are missing before this one: the disk took nothing for too long"
            self._unsaid = 0
            self._push(_line(Noted(level="warning", text=text)), False)


def _line(event: Event) -> bytes:
    return seal(encode_json(event)) + b"\n"


class JournalReader:
    """Reads a journal as it grows. A line without its newline is left until the rest of it is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._tail = b""
        self._oversized = False
        self._behind = False
        self._size = 0
        self.error = ""
        """Why the file can't be read; empty while it can, and while it is not there yet."""
        self._lines = LineDecoder()

    @property
    def skipped(self) -> int:
        """Lines that are no event of this version: torn by a crash, damaged, or written by a newer one."""
        return self._lines.skipped

    @property
    def damaged(self) -> int:
        """Those of them that were whole once: no engine began behind them, or their checksum is wrong."""
        return self._lines.damaged

    @property
    def share(self) -> float:
        """How much of the file the last read had behind it, 0 to 1."""
        return min(self._offset / self._size, 1.0) if self._size else 1.0

    @property
    def behind(self) -> bool:
        """Whether the last read stopped because of a limit and more is waiting."""
        return self._behind

    def read(self, seconds: float = 0.05, max_bytes: int = READ_BYTES) -> list[Event]:
        """Events since the last read; nothing for a file that is not there yet.

        Stops after about `seconds` or `max_bytes`, whichever comes first, but reads one chunk in any case.
        """
        events: list[Event] = []
        self._read(seconds, max_bytes, lambda lines: events.extend(self._lines.take(lines)))
        return events

    def read_packed(self, seconds: float) -> list[Event | EvaluationLines]:
        """The same, with the evaluations of a long past still as lines."""
        events: list[Event | EvaluationLines] = []
        self._read(seconds, READ_BYTES, lambda lines: events.extend(self._lines.take_packed(lines)))
        return events

    def _read(self, seconds: float, max_bytes: int, use: Use) -> None:
        deadline = time.monotonic() + seconds
        self._behind = False
        try:
            self._read_chunks(deadline, max_bytes, use)
            self.error = ""
        except FileNotFoundError:
            self.error = ""
        except OSError as error:
            self.error = error.strerror or str(error)

    def _read_chunks(self, deadline: float, max_bytes: int, use: Use) -> None:
        # Opened anew each time: on a network file system that is what makes new lines visible.
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._size = os.fstat(fd).st_size
            while chunk := os.pread(fd, CHUNK_BYTES, self._offset):
                self._offset += len(chunk)
                max_bytes -= len(chunk)
                self._take(chunk, use)
                if len(chunk) < CHUNK_BYTES:
                    break
                if max_bytes <= 0 or time.monotonic() >= deadline:
                    self._behind = True
                    break
        finally:
            os.close(fd)

    def _take(self, chunk: bytes, use: Use) -> None:
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._tail += chunk
            if len(self._tail) > LINE_BYTES:
                self._tail, self._oversized = b"", True
            return
        lines = self._tail + chunk[:end]
        self._tail = chunk[end:]
        if self._oversized:
            self._oversized = False
            self._lines.skipped += 1
            lines = lines[lines.index(b"\n") + 1 :]
        use(lines)


def _is_torn(fd: int) -> bool:
    """Whether the last line lacks its newline: the engine before us died while it wrote."""
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"

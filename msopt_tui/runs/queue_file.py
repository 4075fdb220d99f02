"""`queue.json` in the runs folder: project files that are run one after another, by whichever process works them off.

It is changed under a lock and replaced whole; the worker holds a lock of its own for as long as it lives, so that what
a killed one left is told from what goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from msopt_tui.runs.directory import PRIVATE_DIR, PRIVATE_FILE, write_text_atomic
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.lock import RunLock, held_by_other

VERSION = 1
PATIENCE = 10.0
"""Seconds to wait for others that change the queue, which takes them milliseconds."""
FINISHED_KEPT = 100
"""Finished projects that stay listed; the oldest go first."""
_FILE_LIMIT = 16_000_000
EntryStatus = Literal["waiting", "running", "done", "failed"]


class QueueError(Exception):
    """The queue can't be read, or what was asked of it makes no sense; the message says what to do."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One project of the queue."""

    id: int
    project: str
    """Path of the project file."""
    folder: str
    """Working directory of whoever added it: relative paths count from there."""
    runs_dir: str
    """Where its run goes."""
    arguments: tuple[str, ...] = ()
    """Overrides and options of the command line."""
    status: EntryStatus = "waiting"
    run: str = ""
    """Its run directory; empty until it is known."""
    began: float = 0.0
    """Seconds since 1970, like `ended`."""
    ended: float = 0.0
    exit_code: int = 0

    @property
    def finished(self) -> bool:
        """Whether its turn is over."""
        return self.status in ("done", "failed")


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, in the order in which it is worked off."""

    version: int = VERSION
    next_id: int = 1
    entries: tuple[Entry, ...] = ()

    def count(self, status: EntryStatus) -> int:
        """How many entries have this status."""
        return sum(entry.status == status for entry in self.entries)

    def get(self, entry_id: int) -> Entry:
        """The entry of that number. Raises QueueError."""
        found = next((entry for entry in self.entries if entry.id == entry_id), None)
        if found is None:
            raise QueueError("it is not in the queue any more")
        return found

    def add(self, project: str, folder: str, runs_dir: str, arguments: Sequence[str] = ()) -> Queue:
        """With one more project at the end."""
        entry = Entry(id=self.next_id, project=project, folder=folder, runs_dir=runs_dir, arguments=tuple(arguments))
        finished = [one.id for one in self.entries if one.finished]
        forgotten = set(finished[: max(len(finished) - FINISHED_KEPT, 0)])
        kept = [one for one in self.entries if one.id not in forgotten]
        return Queue(next_id=self.next_id + 1, entries=(*kept, entry))

    def put(self, entry: Entry) -> Queue:
        """With this entry in the place of the one of its number; one that was removed stays away."""
        return self._with([entry if one.id == entry.id else one for one in self.entries])

    def remove(self, entry_id: int) -> Queue:
        """Without an entry. Raises QueueError for the one under way."""
        if self.get(entry_id).status == "running":
            raise QueueError("it is under way: open its run and stop it there")
        return self._with([one for one in self.entries if one.id != entry_id])

    def move(self, entry_id: int, by: int) -> Queue:
        """An entry that waits goes so many places on among those that wait. Raises QueueError."""
        if self.get(entry_id).status != "waiting":
            raise QueueError("only what waits can be moved")
        waiting = [one for one in self.entries if one.status == "waiting"]
        at = next(place for place, one in enumerate(waiting) if one.id == entry_id)
        to = min(max(at + by, 0), len(waiting) - 1)
        waiting.insert(to, waiting.pop(at))
        return self._with([*(one for one in self.entries if one.status != "waiting"), *waiting])

    def again(self, entry_id: int) -> Queue:
        """What is finished waits once more, at the end, for a new run. Raises QueueError."""
        old = self.get(entry_id)
        if not old.finished:
            raise QueueError(f"it is {old.status}: nothing to do again")
        return self.add(old.project, old.folder, old.runs_dir, old.arguments)

    def _with(self, entries: Sequence[Entry]) -> Queue:
        return Queue(next_id=self.next_id, entries=tuple(entries))


class QueueStore:
    """The queue of a runs folder."""

    def __init__(self, runs_dir: Path) -> None:
        self.path = runs_dir / "queue.json"
        self.log = runs_dir / "queue.log"
        """What a worker without a terminal prints."""
        self._lock = runs_dir / "queue.lock"
        self._worker = runs_dir / "queue-worker.lock"

    @property
    def is_worked(self) -> bool:
        """Whether a worker is at it."""
        return bool(held_by_other(self._worker))

    def worker_lock(self) -> RunLock:
        """What a worker holds while it lives."""
        return RunLock(self._worker)

    def read(self) -> Queue:
        """The queue as it stands; an empty one where there is none. Raises QueueError naming a damaged file."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_uid != os.getuid():
                    raise QueueError(f"{self.path} is not yours: what it names would run as you")
                queue = msgspec.json.decode(file.read(_FILE_LIMIT), type=Queue)
        except FileNotFoundError:
            return Queue()
        except OSError as error:
            raise QueueError(f"{self.path} can't be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            # The path comes last: it may be long, and a title has one line.
            text = f"{self.path.name} is damaged ({error}); to begin a new queue move it away: {self.path}"
            raise QueueError(text) from None
        if queue.version > VERSION:
            raise QueueError(f"{self.path} is of a newer version of this program: use that one")
        return queue

    def change(self, how: Callable[[Queue], Queue]) -> Queue:
        """Change the queue; nobody else does meanwhile. Raises QueueError."""
        with self._locked():
            queue = how(self.read())
            self._write(queue)
            return queue

    def take(self, worker: RunLock) -> Entry | None:
        """The next entry, marked as under way; where none waits, `None`, and the worker's lock is let go.

        Both under the queue's lock: whoever adds an entry and then finds a worker's lock can rely on that worker.
        Raises QueueError.
        """
        with self._locked():
            queue = self.read()
            entry = next((one for one in queue.entries if one.status == "waiting"), None)
            if entry is None:
                worker.release()
                return None
            begun = msgspec.structs.replace(entry, status="running", began=time.time())
            self._write(queue.put(begun))
            return begun

    def _write(self, queue: Queue) -> None:
        try:
            write_text_atomic(self.path, msgspec.json.format(encode_json(queue)) + b"\n")
        except OSError as error:
            raise QueueError(f"{self.path} can't be written: {error.strerror}") from None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_DIR)
            fd = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE_FILE)
        except OSError as error:
            raise QueueError(f"{self._lock} can't be opened: {error.strerror}") from None
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise QueueError(f"{self._lock} is held by another process that does not let go") from None
                    time.sleep(0.01)
            yield
        finally:
            os.close(fd)

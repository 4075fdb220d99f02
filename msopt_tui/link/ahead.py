"""The past of a long run, read by a process of its own while this one makes its first frame.

Reading a journal of tens of megabytes keeps a processor busy for a good part of a second, and so does the way from the
command line to the first frame. They can be done side by side only by two processes: neither lets go of the
interpreter's lock. What the reader has made of the journal comes back as one state, and the journal is followed on
from there.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, NoReturn, cast

from msopt_tui.link.tail import JournalTail
from msopt_tui.runs.directory import RunDirectory

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

LONG_BYTES = 2_000_000
"""From this size on a journal is worth a process."""
SLICE_SECONDS = 0.1
"""After which the reader tells how far it is."""
USUAL_METRIC = "loss"
"""Its curve is on the first screen; those of the other metrics are made when somebody looks at them."""

_Share = struct.Struct("d")


class Past(NamedTuple):
    """What a journal says up to where it was read."""

    tail: JournalTail
    state: RunState


class Ahead:
    """A reader at work; ask it now and then."""

    def __init__(self, process: int, result: BinaryIO, share: mmap.mmap) -> None:
        self._process = process
        self._result = result
        self._share = share

    @property
    def share(self) -> float:
        """How much of the journal is read, 0 to 1."""
        found: tuple[float] = _Share.unpack(self._share[: _Share.size])
        return found[0]

    def is_done(self) -> bool:
        """Whether it is through, well or not."""
        if self._process:
            with suppress(ChildProcessError):  # someone else has waited for it: it is through
                if os.waitpid(self._process, os.WNOHANG)[0] == 0:
                    return False
            self._process = 0
        return True

    def past(self) -> Past | None:
        """What it has read, once it is done; `None` where that went wrong: then the journal is read as any other."""
        with self._result:
            self._result.seek(0)
            try:
                return cast("Past", pickle.load(self._result))  # from our own child, through no file of a name
            except (EOFError, pickle.UnpicklingError):
                return None

    def drop(self) -> None:
        """No longer wanted."""
        if not self.is_done():
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
            self._process = 0
        self._result.close()


def read_ahead(run_dir: Path) -> Ahead | None:
    """Begin with the journal of a run; `None` where it is short, or where this process is not free to fork."""
    journal = RunDirectory(run_dir).events
    try:
        is_long = journal.stat().st_size >= LONG_BYTES
        if not is_long or threading.active_count() > 1:
            return None
        result, share = _unnamed_file(), mmap.mmap(-1, _Share.size)
        process = os.fork()
    except OSError:
        return None  # no journal, no memory for another process: whoever follows the run will see
    if process == 0:
        _read(run_dir, result, share)
    return Ahead(process, result, share)


def _read(run_dir: Path, result: BinaryIO, share: mmap.mmap) -> NoReturn:
    """The child's whole life. It leaves without a word: what can't be read is told by whoever follows the run."""
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nowhere, fd)
        pickle.dump(_past_of(run_dir, share), result, protocol=5)
        result.flush()
        code = 0
    finally:
        os._exit(code)


def _past_of(run_dir: Path, share: mmap.mmap) -> Past:
    from msopt_tui.state.run_state import RunState

    tail, state = JournalTail(run_dir), RunState()
    while True:
        state.apply_all(tail.read_packed(SLICE_SECONDS))
        _Share.pack_into(share, 0, tail.share)
        if not tail.behind:
            break
    state.metric(USUAL_METRIC)
    return Past(tail, state)


def _unnamed_file() -> BinaryIO:
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("past of a run", os.MFD_CLOEXEC), "w+b")  # noqa: PTH123  # closed by `Ahead`
    from tempfile import TemporaryFile

    return cast("BinaryIO", TemporaryFile())

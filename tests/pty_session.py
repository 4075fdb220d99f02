"""A real pseudo-terminal for tests: start a command on it, type, read its screen, stall it, hang it up.

    with PtySession([sys.executable, "-m", "msopt_tui", "attach"], columns=120, lines=36) as session:
        session.wait_for("running")
        session.send("q")
        assert session.wait_exit(5.0) == 0

Several sessions may be open at once; leaving the context kills whatever was started in it, also what has made
itself a session of its own, so keep the first one open while a second attaches to what the first left running.
"""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import pyte

DEFAULT_REPLIES: Mapping[bytes, bytes] = {
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",  # Synchronised output: known, and off now.
    b"\x1b[?2048$p": b"\x1b[?2048;0$y",  # In-band resize: unknown, so SIGWINCH it is.
}
"""What a common terminal answers when it is asked; pass ``replies={}`` for one that answers nothing."""

_TOKEN = "PTY_SESSION_TOKEN"
_KEPT_BYTES = 32 * 1024 * 1024
_MODE_SWITCH = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
# What pyte would print as text: private prefixes it doesn't know, and a kind of string it has no parser for.
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<=>][\d;]*[ -/]*[@-~]|\x1b\[\?[\d;]*\$p|\x1b[_P^X][^\x1b]*\x1b\\")
_UNFINISHED = re.compile(rb"\x1b(?:\[[\d;<=>?$]*|[_P^X][^\x1b]*\x1b?)?\Z")


class PtySession:
    """A command on a pseudo-terminal of its own, as the leader of a session that has it as its terminal.

    Args:
        argv: The command and its arguments.
        columns: Width in cells.
        lines: Height in cells.
        env: Added to this process's environment; a value of None removes a variable.
        cwd: Working directory.
        replies: What the terminal answers to which query.
    """

    def __init__(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        columns: int = 160,
        lines: int = 45,
        env: Mapping[str, str | None] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        replies: Mapping[bytes, bytes] = DEFAULT_REPLIES,
    ) -> None:
        self.bytes_received = 0
        self._modes: set[int] = set()
        self._argv = [os.fspath(part) for part in argv]
        self._size = (columns, lines)
        self._env = _environment(env)
        self._cwd = cwd
        self._replies = dict(replies)
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._raw = bytearray()
        self._unparsed = bytearray()
        self._changed = threading.Condition()
        self._reading = True
        self._ended = False
        self._master = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._wake_read, self._wake_write = os.pipe()
        self._reader = threading.Thread(target=self._read_terminal, name="pty-reader", daemon=True)

    def __enter__(self) -> Self:
        self._master, slave = os.openpty()
        self._slave_name = os.ttyname(slave)
        self._set_size(*self._size)
        # A session leader without a terminal gets the first one it opens; the shell does that and is gone.
        script = 'tty=$1; shift; exec "$@" <>"$tty" >&0 2>&0'
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", self._slave_name, *self._argv],
            stdin=subprocess.DEVNULL,
            env=self._env,
            cwd=self._cwd,
            start_new_session=True,
        )
        # Our own copy stays open until the command has its own, or the terminal would hang up at once.
        self._slave = slave
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close_terminal()
        left = _processes_with(self._env[_TOKEN])
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, 10.0)
        if self._process is not None:
            self._process.wait(10.0)
        self._reader.join(5.0)
        os.close(self._wake_read)
        os.close(self._wake_write)

    @property
    def pid(self) -> int:
        """The command's process."""
        assert self._process is not None, "the session has not been entered"
        return self._process.pid

    @property
    def raw(self) -> bytes:
        """Every byte the terminal was sent (the last 32 MiB of them)."""
        with self._changed:
            return bytes(self._raw)

    @property
    def modes(self) -> set[int]:
        """The private modes switched on now: 1049 the alternate screen, 25 the cursor, 1000 the mouse …"""
        with self._changed:
            self._parse()
            return set(self._modes)

    @property
    def cooked(self) -> bool:
        """Whether the terminal echoes and edits lines, as a shell expects to find it."""
        flags: int = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ECHO) and bool(flags & termios.ICANON)

    def screen(self) -> list[str]:
        """The lines on the screen now, right-stripped."""
        with self._changed:
            self._parse()
            return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        """The screen as one string."""
        return "\n".join(self.screen())

    def wait_for(self, what: str | Callable[[Self], bool], timeout: float = 10.0) -> None:
        """Wait until a text is on the screen, or a predicate over this session holds.

        Raises:
            TimeoutError: It did not happen in time; the message shows the screen.
        """

        def happened() -> bool:
            return what in self.text() if isinstance(what, str) else what(self)

        deadline = time.monotonic() + timeout
        while not happened():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"{what!r} did not happen within {timeout} s; the screen:\n{self.text()}")
            with self._changed:
                # Predicates may look at more than the screen, so they are asked again now and then.
                self._changed.wait(min(remaining, 0.05))

    def send(self, keys: str | bytes) -> None:
        """Type; special keys as a terminal sends them (``"\\x1b"``, ``"\\r"``, ``"\\x1b[A"``)."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            data = data[os.write(self._master, data) :]

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size; the foreground process gets SIGWINCH."""
        with self._changed:
            self._parse()
            self._screen.resize(lines, columns)
        self._set_size(columns, lines)

    def stall(self) -> None:
        """Stop reading, like a terminal whose network is gone: the kernel's buffer fills up."""
        self._reading = False
        self._wake()

    def resume_reading(self) -> None:
        """Read on after `stall`."""
        self._reading = True
        self._wake()

    def signal(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        os.kill(self.pid, number)

    def close_terminal(self) -> None:
        """Take the terminal away: the command's session gets SIGHUP, its reads and writes fail."""
        if self._master < 0 or self._ended:
            return
        self._ended = True
        self._wake()
        self._reader.join(5.0)
        for fd in (self._slave, self._master):
            if fd >= 0:
                os.close(fd)
        self._master = self._slave = -1

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Wait for the command to end, reading on meanwhile; returns its exit code, ``-n`` for signal n.

        Raises:
            TimeoutError: It did not end in time; the message shows the screen.
        """
        assert self._process is not None, "the session has not been entered"
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"still running after {timeout} s; the screen:\n{self.text()}") from None

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _wake(self) -> None:
        os.write(self._wake_write, b"\0")

    def _read_terminal(self) -> None:
        # Not `select`, which knows no descriptor above 1,023: a long test process may have more.
        while not self._ended:
            poller = select.poll()
            poller.register(self._wake_read, select.POLLIN)
            if self._reading:
                poller.register(self._master, select.POLLIN)
            ready = [fd for fd, _ in poller.poll()]
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            elif self._master in ready:
                try:
                    data = os.read(self._master, 65536)
                except OSError:  # EIO: nobody has the terminal open any more.
                    break
                self._take(data)
        with self._changed:
            self._changed.notify_all()

    def _take(self, data: bytes) -> None:
        with self._changed:
            self.bytes_received += len(data)
            self._raw += data
            del self._raw[:-_KEPT_BYTES]
            self._unparsed += data
            # A query may have come in two pieces, but is answered when its last byte comes.
            asked = [query for query in self._replies if query in self._raw[-len(data) - len(query) + 1 :]]
            self._changed.notify_all()
        for query in asked:
            self.send(self._replies[query])

    def _parse(self) -> None:
        """Let pyte see what has arrived, up to a sequence that is not complete yet."""
        data = bytes(self._unparsed)
        unfinished = _UNFINISHED.search(data)
        end = unfinished.start() if unfinished else len(data)
        for numbers, switch in _MODE_SWITCH.findall(data[:end]):
            for mode in map(int, numbers.split(b";")):
                (self._modes.add if switch == b"h" else self._modes.discard)(mode)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data[:end]))
        del self._unparsed[:end]


def _environment(changes: Mapping[str, str | None] | None) -> dict[str, str]:
    env = dict(os.environ) | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    # The size comes from the terminal, as it does where nobody exports these.
    for name in ("COLUMNS", "LINES", "NO_COLOR", "PYTEST_CURRENT_TEST"):
        env.pop(name, None)
    for name, value in (changes or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env | {_TOKEN: uuid.uuid4().hex}


def _processes_with(token: str) -> list[psutil.Process]:
    """Every process that has inherited a session's token, whoever its parent is now."""
    found: list[psutil.Process] = []
    for entry in Path("/proc").iterdir():
        # Processes end while we look, and other users' environments are not ours to read.
        with suppress(OSError, psutil.NoSuchProcess):
            if entry.name.isdigit() and token.encode() in (entry / "environ").read_bytes():
                found.append(psutil.Process(int(entry.name)))
    return found

"""The cockpit's end: commands over the control socket, events from the journal."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from msopt_tui.link.base import LinkClosed, LinkStatus
from msopt_tui.link.peer import is_trusted, peer_uid
from msopt_tui.link.tail import JournalTail
from msopt_tui.protocol.codec import encode_line
from msopt_tui.protocol.commands import Command
from msopt_tui.protocol.events import CommandRefused, Event
from msopt_tui.runs.alive import boot_id, is_alive, signal_name
from msopt_tui.runs.record import RunRecord, read_record

MAX_WAITING = 64
"""Commands without a receipt; when there are so many the engine is not listening."""
RETRY_SECONDS = 0.2
GONE_SECONDS = 1.0
"""How long an engine that was there a moment ago may be between two processes: see `resources.max_restarts`."""
GRACE_SECONDS = 5.0
"""How long a run without a journal and without a lock is taken for one that is being started."""


class Host(Protocol):
    """The engine's process, where it is a child of ours: a `subprocess.Popen`."""

    def poll(self) -> int | None:
        """Exit code, negative for a signal; `None` while it runs."""


class _Answer(msgspec.Struct):
    id: str = ""
    received: bool = False
    error: str = ""


_answers = msgspec.json.Decoder(_Answer)


class ControlClient:
    """Sends commands over a Unix socket without ever blocking. Each is kept until its receipt comes, and sent again
    over a new connection, so that none is lost; the server tells by its id that it had it already."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._socket: socket.socket | None = None
        self._next_try = 0.0
        self.error = ""
        """Why there is no connection, as of the last attempt."""
        self._waiting: dict[str, Command] = {}
        self._outgoing = bytearray()
        self._incoming = bytearray()

    @property
    def connected(self) -> bool:
        """Whether the engine was there a moment ago."""
        return self._socket is not None

    @property
    def waiting(self) -> int:
        """Commands without a receipt."""
        return len(self._waiting)

    def send(self, command: Command) -> None:
        """Queue a command and hand over what the socket takes."""
        self._waiting[command.id] = command
        if self._socket is not None:
            self._outgoing += encode_line(command)
        self.pump()

    def pump(self) -> list[CommandRefused]:
        """Connect, send and receive as far as possible now; commands that the engine could not even read."""
        if self._socket is None and not self._connect():
            return []
        try:
            self._flush()
            return self._receive()
        except OSError:
            self._disconnect()
            return []

    def close(self) -> None:
        """Let go; what has no receipt yet may or may not have arrived."""
        self._disconnect()
        self._waiting.clear()

    def _connect(self) -> bool:
        now = self._clock()
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_SECONDS
        # On a Unix socket this is over at once: there, not there, or a full queue.
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            connection.connect(os.fspath(self._path))
            if not is_trusted(peer_uid(connection)):
                raise PermissionError("another user listens there")
        except OSError as error:
            self.error = f"no answer on {self._path}: {error.strerror or error}"
            connection.close()
            return False
        self.error = ""
        self._socket = connection
        self._incoming.clear()
        self._outgoing = bytearray(b"".join(encode_line(command) for command in self._waiting.values()))
        return True

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._next_try = self._clock() + RETRY_SECONDS

    def _flush(self) -> None:
        if self._socket is not None and self._outgoing:
            try:
                sent = self._socket.send(self._outgoing)
            except BlockingIOError:
                return
            del self._outgoing[:sent]

    def _receive(self) -> list[CommandRefused]:
        refused: list[CommandRefused] = []
        while self._socket is not None:
            try:
                data = self._socket.recv(65_536)
            except BlockingIOError:
                break
            if not data:
                self._disconnect()
                break
            self._incoming += data
            *lines, rest = bytes(self._incoming).split(b"\n")
            self._incoming = bytearray(rest)
            for line in lines:
                refused += self._answered(line)
        return refused

    def _answered(self, line: bytes) -> list[CommandRefused]:
        try:
            answer = _answers.decode(line)
        except (ValueError, RecursionError):
            return []  # not worth more: what became of a command is in the journal
        command = self._waiting.pop(answer.id, None)
        if command is None or not answer.error:
            return []
        reason = f"the engine could not read it: {answer.error}"
        return [CommandRefused(id=command.id, command=command.name, reason=reason)]


class SocketLink:
    """An `EngineLink` to an engine host. `host` is its process if we started it: then its death has a name."""

    def __init__(self, run_dir: Path, host: Host | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._run_dir = run_dir
        self._tail = JournalTail(run_dir)
        self._control = ControlClient(self._tail.directory.control_socket(), clock)
        self._host = host
        self._clock = clock
        self._begun = clock()
        self._there_at: float | None = None
        """When an engine was last seen."""
        self._status: LinkStatus = "connecting"
        self._reason = ""

    @property
    def run_dir(self) -> Path:
        """Directory of the run."""
        return self._run_dir

    @property
    def status(self) -> LinkStatus:
        """How things stand, as of the last poll."""
        return self._status

    @property
    def reason(self) -> str:
        """Why it is `lost`, `readonly` or takes so long to connect, or why nothing can be shown."""
        return self._reason or self._tail.error

    @property
    def behind(self) -> bool:
        """Whether more is waiting."""
        return self._tail.behind

    def poll(self, seconds: float = 0.05) -> list[Event]:
        """Events since the last poll, for `seconds` at most; also moves commands along."""
        refused = self._control.pump()
        # Asked before reading: what the engine wrote until then is read below, its goodbye included.
        record = None if self._control.connected else read_record(self._tail.directory.state)
        alive = self._control.connected or is_alive(record, self._tail.directory.lock)
        if alive:
            self._there_at = self._clock()
        events = self._tail.read(seconds)
        if alive or not self._tail.behind:
            self._status, self._reason = self._judge(alive, record)
        events.extend(refused)
        return events

    def go_on_from(self, tail: JournalTail) -> None:
        """Poll from where somebody else has read to."""
        self._tail = tail

    def send(self, command: Command) -> None:
        """Hand a command over, at once or as soon as the engine listens; raises LinkClosed where it never will."""
        if self._status in ("ended", "lost", "readonly"):
            raise LinkClosed(f"{command.name}: {self._reason or 'the run is over'}")
        if self._control.waiting >= MAX_WAITING:
            raise LinkClosed(f"{command.name}: the engine has left {MAX_WAITING} commands unanswered")
        self._control.send(command)

    def close(self) -> None:
        """Let go of the socket; the run goes on."""
        self._control.close()

    def _judge(self, alive: bool, record: RunRecord | None) -> tuple[LinkStatus, str]:
        if self._control.connected:
            return ("ended" if self._tail.ended and not self._tail.behind else "live"), ""
        if alive and record and record.boot_id and record.boot_id != boot_id():
            return "readonly", f"the engine runs on {record.host or 'another machine'}: commands reach it only there"
        if alive or self._is_starting():
            patient = self._clock() - self._begun < GRACE_SECONDS
            return "connecting", "" if patient else self._control.error
        if self._tail.ended:
            return "ended", ""
        if self._is_between_two_engines():
            return "connecting", ""
        return "lost", self._cause_of_death()

    def _is_between_two_engines(self) -> bool:
        """A host of ours that is dead starts no other; of one that is not ours we only see its lock come and go."""
        is_dead = self._host is not None and self._host.poll() is not None
        return not is_dead and self._there_at is not None and self._clock() - self._there_at < GONE_SECONDS

    def _is_starting(self) -> bool:
        if self._host is not None:
            return self._host.poll() is None
        return self._tail.empty and self._clock() - self._begun < GRACE_SECONDS

    def _cause_of_death(self) -> str:
        code = self._host.poll() if self._host else None
        if code is None:
            return "the engine is gone without a word"
        if code < 0:
            hint = " (out of memory?)" if -code == signal.SIGKILL else ""
            return f"the engine was ended by {signal_name(-code)}{hint}"
        return f"the engine ended with exit code {code}"

"""The engine's end of the control socket: commands in as JSON lines, a receipt or an error out for each.

Driven from the engine's main loop and never blocking it, whatever the other end does.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import stat
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from msopt_tui.link.peer import is_trusted, peer_uid
from msopt_tui.protocol.codec import MAX_LINE, decode_command
from msopt_tui.protocol.commands import Command
from msopt_tui.runs.directory import private_folder, socket_folder
from msopt_tui.runs.lock import RunLock

MAX_CONNECTIONS = 32
RECEIVE_BYTES = 65_536
"""Taken from one connection in one turn, so that no flood of commands keeps the engine from its work."""
UNREAD_BYTES = 65_536
"""Answers kept for a connection that does not read them; beyond that it is closed."""
REMEMBERED = 1_024
"""Ids of commands that were taken: one sent again after a lost connection is not done twice."""


class _Message(msgspec.Struct):
    id: str = ""


@dataclass(slots=True, eq=False)
class _Client:
    connection: socket.socket
    last_used: float
    incoming: bytearray = field(default_factory=bytearray)
    outgoing: bytearray = field(default_factory=bytearray)


class ControlServer:
    """Listens on a Unix socket of mode 0600 and hands each command to `submit`.

    A socket file left by a killed engine is removed only by the holder of the run's `lock`. Raises OSError where
    the socket can't be made there (PermissionError where the folder is not ours alone).
    """

    def __init__(
        self,
        path: Path,
        submit: Callable[[Command], None],
        lock: RunLock | None = None,
        uid_of: Callable[[socket.socket], int | None] = peer_uid,
    ) -> None:
        self.path = path
        self._submit = submit
        self._uid_of = uid_of
        self._seen: deque[str] = deque(maxlen=REMEMBERED)
        self._clients: set[_Client] = set()
        if path.parent == socket_folder():
            private_folder(path.parent)
        if lock is not None and lock.held:
            _remove_stale(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.setblocking(False)
            self._listener.bind(os.fspath(path))
            path.chmod(0o600)
            self._listener.listen(MAX_CONNECTIONS)
        except BaseException:
            self._listener.close()
            raise
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)

    def fileno(self) -> int:
        """Readable when `poll` has something to do: for the engine's own `select`."""
        return self._selector.fileno()

    def poll(self, timeout: float = 0.0) -> int:
        """Serve what is ready, waiting at most `timeout` seconds for it; how many commands came."""
        commands = 0
        for key, ready in self._selector.select(timeout):
            client = key.data
            if not isinstance(client, _Client):
                self._accept()
                continue
            if client not in self._clients:
                continue  # made room for another in this very turn
            try:
                if ready & selectors.EVENT_READ:
                    commands += self._receive(client)
                if client in self._clients:
                    self._send(client)
            except OSError:
                self._close(client)  # the other end is gone: its business, not the engine's
        return commands

    def close(self) -> None:
        """Close every connection and remove the socket."""
        for client in list(self._clients):
            self._close(client)
        self._selector.close()
        self._listener.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # went away again, or we are out of file descriptors: it may try later
        try:
            trusted = is_trusted(self._uid_of(connection))
        except OSError:
            trusted = False
        if not trusted:
            connection.close()
            return
        connection.setblocking(False)
        if len(self._clients) >= MAX_CONNECTIONS:
            # The newest is a person who just opened a cockpit; the one idle for longest is most likely forgotten.
            self._close(min(self._clients, key=lambda client: client.last_used))
        client = _Client(connection, time.monotonic())
        self._clients.add(client)
        self._selector.register(connection, selectors.EVENT_READ, client)

    def _close(self, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client.connection)
            client.connection.close()

    def _receive(self, client: _Client) -> int:
        try:
            data = client.connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            self._close(client)  # half a line that may be left is no command
            return 0
        client.last_used = time.monotonic()
        # Only the new part can hold a newline; looking at the rest again would make a long line quadratic.
        *lines, rest = data.split(b"\n")
        taken = 0
        for line in lines:
            client.incoming += line
            if len(client.incoming) > MAX_LINE:
                break
            taken += self._serve(client, bytes(client.incoming))
            client.incoming.clear()
        else:
            client.incoming += rest
        if len(client.incoming) > MAX_LINE:
            self._close(client)
        return taken

    def _serve(self, client: _Client, line: bytes) -> int:
        if not line.strip():
            return 0
        try:
            command = decode_command(line)
        except (ValueError, RecursionError) as error:
            self._answer(client, {"id": _id_of(line), "error": str(error)[:500]})
            return 0
        new = command.id not in self._seen
        if new:
            self._seen.append(command.id)
            self._submit(command)
        self._answer(client, {"id": command.id, "received": True})
        return int(new)

    def _answer(self, client: _Client, answer: dict[str, object]) -> None:
        client.outgoing += msgspec.json.encode(answer) + b"\n"

    def _send(self, client: _Client) -> None:
        if client.outgoing:
            with contextlib.suppress(BlockingIOError):  # full: the selector says when there is room
                sent = client.connection.send(client.outgoing)
                del client.outgoing[:sent]
        if len(client.outgoing) > UNREAD_BYTES:
            self._close(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.outgoing else 0)
        self._selector.modify(client.connection, wanted, client)


def _id_of(line: bytes) -> str:
    """The id of a line that is no command of this version, as far as it has one."""
    try:
        return msgspec.json.decode(line, type=_Message).id
    except (ValueError, RecursionError):
        return ""


def _remove_stale(path: Path) -> None:
    """Remove a socket; anything else in its place is not ours to remove and makes `bind` fail."""
    try:
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    except FileNotFoundError:
        return

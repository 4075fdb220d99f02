"""Lines of every kind to a real control socket: each is answered or ends its own connection, and nothing else."""

from __future__ import annotations

import os
import random
import socket
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from msopt_tui.link.socket_server import ControlServer
from msopt_tui.protocol.codec import MAX_LINE, encode_line
from msopt_tui.protocol.commands import Adjust, Command, Pause, Stop

SECONDS = 5.0
"""Without an answer or an end for so long, the socket hangs."""
VALUES = (b"null", b"true", b"-1", b"1e999", b'"x"', b"[]", b"{}", b"[[[[", b'"\xff"', b'"\\ud800"', b"9" * 400, b"NaN")
KEYS = (b"type", b"id", b"changes", b"step", b"keep", b"save", b"exit_code", b"proposal", b"\\u0000", b"who", b"")
TYPES = (b"Pause", b"Step", b"Until", b"Adjust", b"Stop", b"Decide", b"Pin", b"Dance", b"", b"__class__")


@dataclass
class Lied:
    """How many lines were sent, how many became commands, and what harm was done by which."""

    tried: int = 0
    commands: int = 0
    wrong: list[tuple[str, bytes]] = field(default_factory=list)


def measure(tries: int, seed: int = 0) -> Lied:
    """Send `tries` lines; after each, an honest command over another connection must be taken."""
    made, result = random.Random(seed), Lied()
    with tempfile.TemporaryDirectory() as folder, _Engine(Path(folder) / "control.sock") as engine:
        honest = engine.client()
        for number in range(tries):
            line = generate(made)
            result.tried += 1
            _lie(engine, line, made)
            probe = Pause(id=f"honest-{number}")
            honest.sendall(encode_line(probe))
            try:
                answered = honest.recv(65_536)
            except OSError as error:
                answered = f"{error}".encode()
            if probe.id.encode() not in answered or engine.error:
                result.wrong.append((engine.error or "the honest command was not taken", line[:200]))
                break
        honest.close()
        result.commands = sum(not command.id.startswith("honest-") for command in engine.commands)
    return result


def generate(made: random.Random) -> bytes:
    """One line, with or without its end."""
    kind = made.randrange(8)
    if kind == 0:
        line = made.randbytes(made.randrange(300))
    elif kind == 1:
        line = b"[" * made.choice((10, 5_000, 60_000))
    elif kind == 2 and made.random() < 0.02:
        line = b"x" * (MAX_LINE + 2)
    elif kind == 3:
        changed = bytearray(encode_line(made.choice((Pause(), Stop(), Adjust(changes={"train.learning_rate": 1.0})))))
        changed[made.randrange(len(changed))] = made.randrange(256)
        line = bytes(changed)
    else:
        pairs = (b'"%s":%s' % (made.choice(KEYS), made.choice(VALUES)) for _ in range(made.randint(0, 4)))
        line = b'{"type":"%s",' % made.choice(TYPES) + b",".join(pairs) + b"}"
    return line if made.random() < 0.1 else line + b"\n"


def _lie(engine: _Engine, line: bytes, made: random.Random) -> None:
    """Say a line on a connection of its own and hang up, sometimes without waiting for what comes."""
    with engine.client() as client:
        try:
            client.sendall(line)
            if line.endswith(b"\n") and made.random() < 0.5:
                client.recv(65_536)
        except OSError:
            return  # hung up on: as it should be


class _Engine:
    """The server as the engine drives it, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.commands: list[Command] = []
        self.error = ""
        self._server = ControlServer(path, self.commands.append)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def client(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SECONDS)
        connection.connect(os.fspath(self._server.path))
        return connection

    def __enter__(self) -> _Engine:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        try:
            while not self._over.is_set():
                self._server.poll(0.05)
        except Exception as error:  # noqa: BLE001  # whatever gets out of the server is what is looked for
            self.error = f"{type(error).__name__}: {error}"

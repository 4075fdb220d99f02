"""The control socket's server: nothing that comes in over it can hurt the engine."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.link import socket_server
from msopt_tui.link.peer import is_trusted, peer_uid
from msopt_tui.link.socket_server import MAX_CONNECTIONS, ControlServer
from msopt_tui.protocol.codec import MAX_LINE, encode_line
from msopt_tui.protocol.commands import Adjust, Command, Pause
from msopt_tui.runs.directory import RunDirectory, socket_folder
from msopt_tui.runs.lock import RunLock


class Served:
    """A server and what it was handed."""

    def __init__(self, path: Path) -> None:
        self.commands: list[Command] = []
        self.server = ControlServer(path, self.commands.append)

    def client(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(self.server.path))
        connection.settimeout(5.0)
        self.turns()
        return connection

    def turns(self) -> None:
        """Serve until nothing is left to do."""
        while self.server._selector.select(0):
            self.server.poll(0)

    def say(self, client: socket.socket, data: bytes) -> None:
        client.setblocking(False)
        while data:
            try:
                data = data[client.send(data) :]
            except BlockingIOError:
                pass
            except OSError:
                break  # the server has hung up
            self.turns()
        with contextlib.suppress(OSError):
            client.settimeout(5.0)


def answers(client: socket.socket) -> list[dict[str, object]]:
    data = client.recv(1_000_000)
    return [msgspec.json.decode(line, type=dict[str, object]) for line in data.splitlines()]


def hung_up(client: socket.socket) -> bool:
    try:
        while data := client.recv(65_536):
            del data
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "control.sock")
    yield served
    served.server.close()


def test_a_command_and_its_receipt(served: Served) -> None:
    client = served.client()
    command = Adjust(changes={"train.learning_rate": 3e-4})
    client.sendall(encode_line(command))
    assert served.server.poll(1.0) == 1
    assert served.commands == [command]
    assert answers(client) == [{"id": command.id, "received": True}]


def test_the_socket_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        server = ControlServer(tmp_path / "control.sock", lambda command: None)
    finally:
        os.umask(before)
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
    server.close()
    assert not server.path.exists()


def test_a_run_with_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / ("x" * 150))
    server = ControlServer(run.control_socket(), lambda command: None)
    assert stat.S_IMODE(socket_folder().stat().st_mode) == 0o700
    server.close()


def test_fileno_tells_when_there_is_something_to_do(served: Served) -> None:
    import select

    client = served.client()
    assert select.select([served.server.fileno()], [], [], 0)[0] == []
    client.sendall(b"\n")
    assert select.select([served.server.fileno()], [], [], 1)[0] == [served.server.fileno()]
    assert served.server.poll() == 0


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"\xff\xfe",
        b"null",
        b'{"type":"Dance","id":"d"}',
        b'{"type":"Adjust","id":"d"}',
        b'{"type":"Adjust","id":"d","changes":{"x":1e999}}',
        b"[" * 100_000,
        b'{"type":"Pause","x":' + b"[" * 100_000,
    ],
)
def test_a_bad_line_is_answered_and_the_next_one_served(served: Served, line: bytes) -> None:
    client = served.client()
    served.say(client, line + b"\n" + encode_line(Pause(id="p")))
    bad, good = answers(client)
    assert bad["error"]
    assert bad["id"] == ("d" if b'"d"' in line else "")
    assert good == {"id": "p", "received": True}
    assert [command.id for command in served.commands] == ["p"]


def test_a_command_sent_twice_is_done_once(served: Served) -> None:
    one, other = served.client(), served.client()
    for client in (one, other):
        client.sendall(encode_line(Pause(id="p")))
    served.turns()
    assert len(served.commands) == 1
    assert answers(one) == answers(other)


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_line_of_ten_megabytes_ends_the_connection(served: Served, ending: bytes) -> None:
    client, other = served.client(), served.client()
    served.say(client, b"x" * 10_000_000 + ending)
    assert hung_up(client)
    served.say(other, encode_line(Pause()))
    assert len(served.commands) == 1


def test_the_longest_line_allowed(served: Served) -> None:
    client = served.client()
    frame = encode_line(Adjust(id="a", changes={"x": ""}))
    line = encode_line(Adjust(id="a", changes={"x": "y" * (MAX_LINE - len(frame) + 1)}))
    assert len(line) == MAX_LINE + 1, "the newline not counted"
    served.say(client, line)
    assert answers(client) == [{"id": "a", "received": True}]


def test_half_a_line_and_then_nothing(served: Served) -> None:
    client = served.client()
    client.sendall(encode_line(Pause())[:-5])
    served.turns()
    client.close()
    served.turns()
    assert served.commands == []
    assert served.server._clients == set()


def test_a_reset_connection(served: Served) -> None:
    client = served.client()
    client.sendall(encode_line(Pause()) * 10)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    served.turns()
    assert served.server._clients == set()


def test_someone_who_never_reads_is_cut_off(served: Served) -> None:
    client = served.client()
    for _ in range(1_000):
        served.say(client, b"nonsense\n" * 1_000)
        if not served.server._clients:
            break
    assert served.server._clients == set()
    assert hung_up(client)


def test_answers_wait_for_someone_who_reads_late(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_server, "UNREAD_BYTES", 10_000_000)
    client = served.client()
    count = 10_000
    served.say(client, b"".join(encode_line(Pause(id=f"p{number}")) for number in range(count)))
    received = b""
    while received.count(b"\n") < count:
        received += client.recv(65_536)
        served.turns()
    assert received.splitlines()[-1] == b'{"id":"p9999","received":true}'


def test_the_longest_idle_makes_room_for_a_new_connection(served: Served) -> None:
    clients = [served.client() for _ in range(MAX_CONNECTIONS)]
    served.say(clients[0], encode_line(Pause(id="first")))
    newest = served.client()
    assert len(served.server._clients) == MAX_CONNECTIONS
    assert hung_up(clients[1])
    for client in (clients[0], newest):
        served.say(client, encode_line(Pause()))
    assert len(served.commands) == 3


def test_one_that_makes_room_just_as_it_speaks(served: Served) -> None:
    clients = [served.client() for _ in range(MAX_CONNECTIONS)]
    newest = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    newest.connect(str(served.server.path))
    for client in clients:
        client.sendall(encode_line(Pause()))
    served.turns()
    served.say(newest, encode_line(Pause()))
    assert len(served.server._clients) == MAX_CONNECTIONS
    assert len(served.commands) >= MAX_CONNECTIONS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60) | st.just(encode_line(Pause(id="ok"))), max_size=12))
def test_no_bytes_hurt(pieces: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        served = Served(Path(folder, "s"))
        client = served.client()
        for piece in pieces:
            served.say(client, piece)
        served.say(client, b"\n" + encode_line(Pause(id="last")))
        assert served.commands[-1].id == "last"
        served.server.close()


class TestStaleSockets:
    def test_one_left_by_a_killed_engine_is_removed_by_the_holder_of_the_lock(self, tmp_path: Path) -> None:
        path = tmp_path / "control.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
            dead.bind(str(path))
        with RunLock(tmp_path / "lock") as lock:
            ControlServer(path, lambda command: None, lock).close()

    def test_without_the_lock_it_stays(self, served: Served, tmp_path: Path) -> None:
        for lock in (None, RunLock(tmp_path / "lock")):
            with pytest.raises(OSError, match="in use"):
                ControlServer(served.server.path, lambda command: None, lock)
        assert served.client()

    def test_what_is_no_socket_is_never_removed(self, tmp_path: Path) -> None:
        path = tmp_path / "control.sock"
        path.write_text("precious")
        with RunLock(tmp_path / "lock") as lock, pytest.raises(OSError, match="in use"):
            ControlServer(path, lambda command: None, lock)
        assert path.read_text() == "precious"


class TestPeers:
    def test_the_kernel_tells_who_it_is(self) -> None:
        one, other = socket.socketpair(socket.AF_UNIX)
        with one, other:
            assert peer_uid(one) == os.getuid()

    def test_whom_we_trust(self) -> None:
        assert is_trusted(os.getuid())
        assert is_trusted(0)
        assert is_trusted(None)
        assert not is_trusted(os.getuid() + 1)

    def test_another_user_is_not_heard(self, tmp_path: Path) -> None:
        commands: list[Command] = []
        server = ControlServer(tmp_path / "s", commands.append, uid_of=lambda connection: os.getuid() + 1)
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.connect(str(server.path))
        client.sendall(encode_line(Pause()))
        server.poll(1.0)
        server.poll(0.0)
        assert commands == []
        assert hung_up(client)
        server.close()

    @pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
    def test_another_user_in_earnest(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            commands: list[Command] = []
            server = ControlServer(Path(folder, "s"), commands.append)
            server.path.chmod(0o666)  # as if someone had opened it to all
            child = os.fork()
            if child == 0:
                os.setuid(65_534)
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                    client.connect(str(server.path))
                    client.sendall(encode_line(Pause()))
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0, "it did get as far as sending"
            server.poll(1.0)
            server.poll(0.0)
            assert commands == []
            server.close()

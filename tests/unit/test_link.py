"""The links: events from the journal, commands to the engine, and an honest word about how things stand."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from msopt_tui.link.base import EngineLink, LinkClosed, LinkStatus
from msopt_tui.link.local import LocalLink
from msopt_tui.link.socket_client import GONE_SECONDS, GRACE_SECONDS, MAX_WAITING, SocketLink
from msopt_tui.link.socket_server import ControlServer
from msopt_tui.link.tail import JournalLink
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.commands import Command, Evaluate, Pause, Stop
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.runs.lock import RunLock
from msopt_tui.runs.record import RunRecord, write_record

STARTED = ev.RunStarted(time=1.0, run="r", project="p", settings={})
NOTE = ev.Noted(time=2.0, level="info", text="hello")
ENDED = ev.RunEnded(time=3.0, status="completed", step=1)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Child:
    """A host process that ends when it is told to."""

    def __init__(self) -> None:
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code


class Engine:
    """What an engine host does for its links: lock, journal, control socket."""

    def __init__(self, path: Path) -> None:
        self.run = RunDirectory(path)
        self.commands: list[Command] = []
        self.lock = RunLock(self.run.lock)
        self.journal = JournalWriter(self.run.events)
        self.server: ControlServer | None = None

    def start(self, sign: ev.Event = STARTED) -> None:
        self.lock.acquire()
        self.serve()
        self.journal.append([sign])

    def serve(self) -> None:
        self.server = ControlServer(self.run.control_socket(), self.commands.append, self.lock)

    def die(self) -> None:
        """Everything but the socket file goes, as after SIGKILL."""
        if self.server is not None:
            path = self.server.path
            self.server.close()
            path.touch()
            self.server = None
        self.lock.release()

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
        self.lock.release()
        self.journal.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path)
    yield engine
    engine.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def exchange(link: SocketLink, engine: Engine) -> list[ev.Event]:
    """Both sides take their turns until nothing moves."""
    events = link.poll()
    for _ in range(3):
        if engine.server is not None:
            engine.server.poll(0.01)
        events += link.poll()
    return events


def polled(link: EngineLink) -> LinkStatus:
    """The status after one more poll."""
    link.poll()
    return link.status


class TestJournalLink:
    def test_shows_and_refuses(self, engine: Engine) -> None:
        engine.journal.append([STARTED, NOTE])
        link: EngineLink = JournalLink(engine.run.path, reason="opened from the history")
        assert link.poll() == [STARTED, NOTE]
        engine.journal.append([ENDED])
        assert link.poll() == [ENDED]
        assert (link.status, link.behind, link.run_dir) == ("readonly", False, engine.run.path)
        with pytest.raises(LinkClosed, match="pause: opened from the history"):
            link.send(Pause())
        link.close()

    def test_says_when_the_journal_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "events.jsonl").mkdir()
        link = JournalLink(tmp_path)
        assert link.poll() == []
        assert "can't be read" in link.reason


class TestLocalLink:
    def test_life_of_a_run(self, engine: Engine) -> None:
        alive = True
        link: EngineLink = LocalLink(engine.run.path, engine.commands.append, lambda: alive)
        assert (link.poll(), link.status) == ([], "live")
        engine.journal.append([STARTED])
        command = Evaluate()
        link.send(command)
        assert engine.commands == [command]
        engine.journal.append([ENDED])
        alive = False
        assert (link.poll(), link.status, link.reason) == ([STARTED, ENDED], "ended", "")
        with pytest.raises(LinkClosed, match="the run is over"):
            link.send(Pause())

    def test_a_thread_that_goes_without_a_word(self, engine: Engine) -> None:
        alive = True
        link = LocalLink(engine.run.path, engine.commands.append, lambda: alive)
        engine.journal.append([STARTED])
        link.poll()
        alive = False
        with pytest.raises(LinkClosed):
            link.send(Pause())
        assert polled(link) == "lost"
        assert "without a word" in link.reason


class TestSocketLink:
    def test_commands_arrive_at_once_and_events_come_back(self, engine: Engine) -> None:
        engine.start()
        link: EngineLink = SocketLink(engine.run.path)
        assert isinstance(link, SocketLink)
        assert exchange(link, engine) == [STARTED]
        assert link.status == "live"
        command = Stop(save=False)
        link.send(command)
        assert engine.server is not None
        assert engine.server.poll(1.0) == 1, "without another poll of the link"
        assert engine.commands == [command]

    def test_a_command_given_while_it_starts_is_delivered_later(self, engine: Engine, clock: Clock) -> None:
        link = SocketLink(engine.run.path, clock=clock)
        assert polled(link) == "connecting"
        command = Pause()
        link.send(command)
        engine.start()
        clock.now += 1
        exchange(link, engine)
        assert polled(link) == "live"
        assert engine.commands == [command]

    def test_a_run_ends(self, engine: Engine) -> None:
        engine.start()
        link = SocketLink(engine.run.path)
        exchange(link, engine)
        engine.journal.append([ENDED])
        exchange(link, engine)
        assert link.status == "ended", "though the host is still there"
        with pytest.raises(LinkClosed, match="the run is over"):
            link.send(Pause())
        engine.die()
        link.poll()
        assert (link.status, link.reason) == ("ended", "")

    def test_an_engine_that_dies_is_lost(self, engine: Engine, clock: Clock) -> None:
        engine.start()
        link = SocketLink(engine.run.path, clock=clock)
        exchange(link, engine)
        engine.die()
        assert polled(link) == "connecting", "another may follow: see resources.max_restarts"
        clock.now += GONE_SECONDS
        assert polled(link) == "lost"
        assert "without a word" in link.reason
        with pytest.raises(LinkClosed, match="without a word"):
            link.send(Pause())

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            (-signal.SIGKILL, "SIGKILL (out of memory?)"),
            (-signal.SIGSEGV, "SIGSEGV"),
            (3, "exit code 3"),
            (-250, "250"),
        ],
    )
    def test_the_death_of_a_child_has_a_name(self, engine: Engine, clock: Clock, code: int, words: str) -> None:
        child = Child()
        link = SocketLink(engine.run.path, child, clock)
        clock.now += 100 * GRACE_SECONDS
        assert polled(link) == "connecting", "for as long as the process is there"
        child.code = code
        assert polled(link) == "lost"
        assert words in link.reason

    def test_a_run_that_never_began_is_given_some_time(self, engine: Engine, clock: Clock) -> None:
        link = SocketLink(engine.run.path, clock=clock)
        assert polled(link) == "connecting"
        clock.now += GRACE_SECONDS
        assert polled(link) == "lost"

    def test_a_run_of_the_past_is_lost_or_ended_at_once(self, engine: Engine) -> None:
        engine.journal.append([STARTED])
        link = SocketLink(engine.run.path)
        assert polled(link) == "lost"
        engine.journal.append([ENDED])
        assert polled(link) == "ended"

    @pytest.mark.parametrize("sign", [STARTED, ev.EngineStarted(time=4.0, process=1)])
    def test_an_ended_run_that_is_resumed_is_live_again(self, engine: Engine, clock: Clock, sign: ev.Event) -> None:
        engine.journal.append([STARTED, ENDED])
        link = SocketLink(engine.run.path, clock=clock)
        assert polled(link) == "ended"
        engine.lock.acquire()
        assert polled(link) == "connecting"
        engine.start(sign)
        clock.now += 1
        exchange(link, engine)
        assert polled(link) == "live"

    def test_a_lost_connection_is_made_again_and_nothing_is_done_twice(self, engine: Engine, clock: Clock) -> None:
        engine.start()
        link = SocketLink(engine.run.path, clock=clock)
        exchange(link, engine)
        command = Pause()
        link.send(command)
        assert engine.server is not None
        engine.server.poll(1.0)
        # The receipt is on its way when the connection breaks.
        for client in list(engine.server._clients):
            engine.server._close(client)
        link.poll()
        clock.now += 1
        exchange(link, engine)
        assert link.status == "live"
        assert engine.commands == [command]

    def test_a_command_whose_receipt_never_came_is_sent_to_the_next_server(self, engine: Engine, clock: Clock) -> None:
        engine.start()
        link = SocketLink(engine.run.path, clock=clock)
        exchange(link, engine)
        command = Pause()
        link.send(command)
        assert engine.server is not None
        engine.server.close()
        assert polled(link) == "connecting"
        engine.serve()
        clock.now += 1
        exchange(link, engine)
        assert engine.commands == [command]

    def test_an_engine_that_does_not_read(self, engine: Engine) -> None:
        engine.start()
        link = SocketLink(engine.run.path)
        begun = time.monotonic()
        for _ in range(MAX_WAITING):
            link.send(Pause())
        with pytest.raises(LinkClosed, match="unanswered"):
            link.send(Pause())
        assert time.monotonic() - begun < 1.0, "nothing waits for the engine"

    def test_a_command_that_the_engine_cannot_read_is_refused(self, engine: Engine) -> None:
        engine.start()
        link = SocketLink(engine.run.path)
        exchange(link, engine)
        command = Pause(id="x" * 2_000, who=7)  # type: ignore[arg-type]
        link.send(command)
        refused = exchange(link, engine)
        assert [(event.id, event.command) for event in refused if isinstance(event, ev.CommandRefused)] == [
            (command.id, "pause")
        ]
        assert engine.commands == []

    def test_an_engine_on_another_machine_is_only_watched(self, engine: Engine) -> None:
        record = RunRecord(
            run="r", project="p", status="running", boot_id="another", host="node7", heartbeat=time.time()
        )
        write_record(engine.run.state, record)
        link = SocketLink(engine.run.path)
        assert polled(link) == "readonly"
        assert "node7" in link.reason

    def test_a_socket_that_does_not_answer_is_named_after_a_while(self, engine: Engine, clock: Clock) -> None:
        engine.lock.acquire()
        engine.run.control_socket().touch()
        link = SocketLink(engine.run.path, clock=clock)
        link.poll()
        assert (link.status, link.reason) == ("connecting", "")
        clock.now += GRACE_SECONDS
        assert polled(link) == "connecting"
        assert "refused" in link.reason

    def test_the_journal_is_read_to_its_end_before_an_engine_is_called_lost(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("msopt_tui.runs.journal.CHUNK_BYTES", 64)
        engine.journal.append([STARTED, *[NOTE] * 50, ENDED])
        link = SocketLink(engine.run.path)
        seen = set()
        while True:
            link.poll(0.0)
            if not link.behind:
                break
            seen.add(link.status)
        assert seen == {"connecting"}
        assert link.status == "ended"

    def test_close_leaves_the_run_alone(self, engine: Engine) -> None:
        engine.start()
        link = SocketLink(engine.run.path)
        exchange(link, engine)
        link.close()
        assert engine.server is not None
        engine.server.poll(0.1)
        assert engine.server.path.exists()

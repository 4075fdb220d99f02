"""The engine of one run: worker thread, control point, journal, heartbeat and control socket.

The same class runs in a host process of its own (`host`) and inside the cockpit's process (`--in-process`).
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import queue
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Protocol

from msopt_tui.config.dump import flatten
from msopt_tui.config.schema import Config
from msopt_tui.engine.alerting import Alerting
from msopt_tui.engine.control import Control
from msopt_tui.engine.restart import Restart
from msopt_tui.engine.stall import HangWatch, StallWatch, write_stacks
from msopt_tui.engine.telling import Telling
from msopt_tui.engine.undo import undoable
from msopt_tui.engine.worker import GpuWorker
from msopt_tui.link.socket_server import ControlServer
from msopt_tui.monitor.machine import MachineMonitor
from msopt_tui.protocol.commands import Command
from msopt_tui.protocol.events import (
    Alerted,
    CommandRequested,
    EngineStarted,
    Event,
    Noted,
    RunEnded,
    RunStarted,
    Stalled,
)
from msopt_tui.runs.alive import boot_id, host_name
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.journal import JournalWriter
from msopt_tui.runs.lock import RunLock
from msopt_tui.runs.record import RunMeta, lost_of_journal, read_meta, read_record, record_from_state, write_record
from msopt_tui.state.run_state import RunState
from msopt_tui.steps.background import Gauge
from msopt_tui.steps.context import LiveSettings, RunContext
from msopt_tui.steps.replay import Replay

HEARTBEAT_SECONDS = 1.0
RESOURCES_SECONDS = 1.0
WAKE_SECONDS = 0.05
"""How long an event may wait for its line in the journal."""
LIBRARIES = ("torch", "transformers", "tokenizers", "msopt-tui")


class Door(Protocol):
    """Where commands come in."""

    def poll(self, timeout: float) -> int:
        """Serve what is ready, waiting at most `timeout` seconds."""

    def close(self) -> None:
        """Take nothing more."""


class NoDoor:
    """For an engine without a control socket."""

    def poll(self, timeout: float) -> int:
        """Only the waiting."""
        time.sleep(timeout)
        return 0

    def close(self) -> None:
        """Nothing is open."""


class Engine:
    """One run at work. Made on any thread; `serve` runs on the thread that looks after it."""

    def __init__(
        self,
        directory: RunDirectory,
        config: Config,
        *,
        base_dir: Path,
        cache_root: Path,
        somebody_watches: bool,
        restart: Restart | None = None,
    ) -> None:
        self.directory = directory
        self.ended: RunEnded | None = None
        self._config = config
        self._lock = RunLock(directory.lock)
        self._outbox: queue.SimpleQueue[Event | threading.Event] = queue.SimpleQueue()
        """What is to be written, and between it what is to be set once all before it is."""
        self._state = RunState()
        self._folding = threading.Lock()
        self._stall = StallWatch(config.resources.stall_timeout_s)
        self._alerting: Alerting | None = None
        """From when the past of the run is known, so that it is no news."""
        self._restart = restart
        settings = LiveSettings(config)
        doing = Gauge()
        self._control = Control(settings, self._emit, directory, waits=doing.end)
        self._context = RunContext(
            directory=directory,
            base_dir=base_dir,
            cache_root=cache_root,
            settings=settings,
            control=self._control,
            recorded=self._recorded,
            emit=self._emit,
            state=self._state,
            replay=Replay(),
            doing=doing,
            somebody_watches=somebody_watches,
        )
        self._worker = GpuWorker(self._work, self._outbox.put, lambda: self._state.step)
        self._tellings = [Telling(gauge) for gauge in (doing, self._context.saving)]
        self._done = False
        self._began = EngineStarted(process=os.getpid())
        self._earlier_seconds = 0.0
        """Duration that no event of the state tells of: where a run begins anew."""
        self._before = read_record(directory.state)
        """As found when the run is taken up again: what stands until the journal has been read."""
        self._lost = lost_of_journal(directory.events, self._before)
        now = time.time()
        self._meta = read_meta(directory.meta) or RunMeta(run=directory.name, project=config.project.name, created=now)

    def submit(self, command: Command) -> None:
        """Take a command from outside; from any thread. What becomes of it is in the journal."""
        requested = CommandRequested(id=command.id, command=command.name, detail=command.detail, who=command.who)
        self._outbox.put(requested)
        if self.ended is None:
            self._control.submit(command)

    @property
    def alive(self) -> bool:
        """Whether there is still something to wait for."""
        return not self._done

    def serve(self) -> None:
        """Run to the end: start the worker, keep journal, heartbeat and socket. Raises RunLocked if it is not ours."""
        self._lock.acquire()
        writer = JournalWriter(self.directory.events)
        try:
            # Before anybody can connect: to whoever reads along, an older end is no longer the end.
            self._began = EngineStarted(process=os.getpid())
            writer.append([self._began])
            with closing(self._open_door(writer)) as door:
                self._worker.start()
                self._look_after(writer, door)
        finally:
            self._done = True
            writer.close()
            self._lock.release()
            if self._alerting is not None:
                self._alerting.wait()

    def _open_door(self, writer: JournalWriter) -> Door:
        """The control socket; without a place for one the run goes on, and only commands can't reach it."""
        try:
            return ControlServer(self.directory.control_socket(), self.submit, self._lock)
        except OSError as error:
            text = f"no control socket ({error}): this run can be watched, but takes no commands; signals still work"
            writer.append([Noted(level="warning", text=text)])
            return NoDoor()

    def _look_after(self, writer: JournalWriter, door: Door) -> None:
        monitor = MachineMonitor(self.directory.path)
        with HangWatch(self.directory.output_log, self._config.resources.stall_timeout_s) as hang:
            self._look_until_the_end(writer, door, monitor, hang)
        writer.flush()
        self._heartbeat(writer)

    def _look_until_the_end(self, writer: JournalWriter, door: Door, monitor: MachineMonitor, hang: HangWatch) -> None:
        next_heartbeat = next_sample = 0.0
        while True:
            door.poll(WAKE_SECONDS)
            self._look_for_a_stall(writer)
            self._write_events(writer)
            if self.ended is not None:
                break  # its end is the last word of a run
            now = time.monotonic()
            self._tell_of_work(writer, now)
            if now >= next_sample:
                next_sample = now + RESOURCES_SECONDS
                writer.append([monitor.sample()])
            if now >= next_heartbeat:
                next_heartbeat = now + HEARTBEAT_SECONDS
                self._heartbeat(writer)
                hang.here()

    def _tell_of_work(self, writer: JournalWriter, now: float) -> None:
        """How far work is; what goes on does not stall."""
        for telling in self._tellings:
            told = telling.look(now)
            if telling.moved:
                self._stall.progress()
            if told is not None:
                writer.append([told])

    def _write_events(self, writer: JournalWriter) -> None:
        events: list[Event] = []
        marks: list[threading.Event] = []
        while not self._outbox.empty():
            one = self._outbox.get()
            marks.append(one) if isinstance(one, threading.Event) else events.append(one)
        for event in events:
            if isinstance(event, RunEnded):
                self._fold(event)
                self.ended = event
        # An end is told before it is written: it is the last word of a run.
        at = next((at for at, event in enumerate(events) if isinstance(event, RunEnded)), len(events))
        events[at:at] = self._look_for_alerts()
        if events:
            writer.append(events)
        for mark in marks:
            mark.set()

    def _look_for_alerts(self) -> list[Alerted]:
        if self._alerting is None:
            return []
        with self._folding:
            told = self._alerting.look()
        for alert in told:
            self._fold(alert)
        return told

    def _warn(self, text: str) -> None:
        """From any thread; after the end of the run, when nothing more is written, into its log."""
        if self.ended is not None:
            print(text, flush=True)
        self._outbox.put(Noted(level="warning", text=text))

    def _look_for_a_stall(self, writer: JournalWriter) -> None:
        said = self._stall.look(self._state.status, self._state.step)
        if said is None:
            return
        self._fold(said)
        writer.append([said])
        if isinstance(said, Stalled):
            try:
                write_stacks(self.directory.output_log, f"stalled for {said.seconds:.0f} s while {said.doing}")
            except OSError as error:
                writer.append([Noted(level="warning", text=f"the stacks could not be written: {error.strerror}")])

    def _heartbeat(self, writer: JournalWriter) -> None:
        try:
            record = record_from_state(
                self._state,
                self._meta,
                pid=os.getpid(),
                boot_id=boot_id(),
                host=host_name(),
                heartbeat=time.time(),
                earlier_seconds=self._earlier_seconds,
                restarts=self._restart.attempt if self._restart else 0,
                journal=writer.size,
                before=self._before,
            )
            write_record(self.directory.state, record)
        except OSError as error:
            # The journal is the truth and has a buffer of its own; a heartbeat comes again in a second.
            print(f"state.json could not be written: {error}", flush=True)

    def _emit(self, event: Event) -> None:
        """From the worker: fold it into what refinement reads, and hand it to whoever keeps the journal."""
        self._fold(event)
        self._stall.progress()
        self._outbox.put(event)

    def _recorded(self) -> threading.Event:
        """See `RunContext.recorded`."""
        mark = threading.Event()
        self._outbox.put(mark)
        return mark

    def _fold(self, event: Event) -> None:
        with self._folding:  # the main thread folds what it says itself, an end or a stall
            self._state.apply(event)

    def _work(self) -> RunEnded:
        # OpenMP threads that spin while they wait bring training to a standstill on a machine that others use too
        # (two busy cores: 20 steps in over a minute against 8 s); libgomp reads this when torch is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # Here and not at the top: this import brings torch, and only this thread may touch it.
        began = time.monotonic()
        self._context.doing.show("preprocess", "loading libraries")
        from msopt_tui.engine import pipeline, resume

        self._context.doing.show("preprocess", "looking for checkpoints")
        taken = resume.take_up(self.directory, self._config, self._lost, self._emit)
        for event in taken.events or [self._began]:
            self._state.apply(event)
        self._earlier_seconds = 0.0 if taken.events or self._before is None else self._before.seconds
        self._alerting = Alerting(self._config.ui.alerts, self.directory.path, self._state, self._warn)
        at, begin_with = taken.at, taken.begin_with
        self._context.replay = taken.replay
        self._control.remember(undoable(taken.events))
        self._context.doing.end()
        self._emit(
            RunStarted(
                run=self.directory.name,
                project=self._config.project.name,
                description=self._config.project.description,
                settings=flatten(self._config),
                changes=at.settings if at else {},
                versions=_versions(),
                resumed_from_step=at.step if at else None,
                tokens=at.tokens if at else 0,
            )
        )
        if begin_with is not None and taken.start_from is None:
            self._emit(Noted(level="info", text=f"begins with {begin_with.name} of {self._meta.parent}"))
        self._emit(Noted(level="info", text=f"libraries loaded in {time.monotonic() - began:.1f} s"))
        ended = pipeline.run(self._context, begin_with)
        self._control.close()
        return ended


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed as a package"
    return versions

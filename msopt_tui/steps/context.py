"""What every step is given: the run's directory and settings, where events go, and the control point."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from msopt_tui.config.change import with_changes
from msopt_tui.config.dump import flatten
from msopt_tui.config.fields import Scalar
from msopt_tui.config.schema import Config
from msopt_tui.protocol.commands import Command, Decide, Evaluate, RollBack
from msopt_tui.protocol.events import Event, Phase, PhaseChanged
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.state.run_state import RunState
from msopt_tui.steps.background import Gauge
from msopt_tui.steps.replay import Replay

Situation = Literal["preparing", "training", "evaluating", "probing", "deciding"]


class StopRun(BaseException):
    """The run ends here because someone asked; not an error, so that no step can swallow it by accident."""

    def __init__(self, *, save: bool, cancel: bool = False, reason: str = "", exit_code: int = 0) -> None:
        super().__init__(reason)
        self.exit_code = exit_code
        self.save = save
        self.cancel = cancel
        self.reason = reason


class LiveSettings:
    """The settings in force: the project file's, with what was adjusted and refined since."""

    def __init__(self, config: Config) -> None:
        self.written = config
        """As the run began."""
        self._lasting = config
        self._overlay: dict[str, Scalar] = {}
        self.config = config
        """As they are now; replaced as a whole, so that a step sees one consistent set."""
        self.check: Callable[[Config], None] = lambda _: None
        """Raises ValueError for settings that the model or the data in memory can't follow; there once these are."""

    @property
    def lasting(self) -> Config:
        """As they are without what holds only for a probe."""
        return self._lasting

    def change(self, changes: Mapping[str, Scalar]) -> None:
        """Put new values in force; raises KeyError or ValueError as `with_changes` and `check` do."""
        changed = with_changes(self._lasting, changes)
        self.check(changed)
        self._lasting = changed
        self.config = with_changes(self._lasting, self._overlay)

    def refuse(self, changes: Mapping[str, Scalar]) -> None:
        """Raises as `change` would, and changes nothing."""
        self.check(with_changes(self._lasting, changes))

    @contextmanager
    def temporarily(self, changes: Mapping[str, Scalar]) -> Iterator[None]:
        """Other values while this lasts: a probe's. What is adjusted meanwhile stays adjusted afterwards."""
        self._overlay = dict(changes)
        self.config = with_changes(self._lasting, changes)
        try:
            yield
        finally:
            self._overlay = {}
            self.config = self._lasting

    def differing(self) -> dict[str, Scalar]:
        """Settings in force that are not as written, overlay aside."""
        before = flatten(self.written)
        return {key: value for key, value in flatten(self._lasting).items() if before[key] != value}


class Serving(Protocol):
    """What a run in training does for whoever asks, between two steps and inside a pause."""

    def evaluate(self) -> None:
        """Evaluate the validation split."""

    def make_way(self, command: Command) -> None:
        """Called before a command is served: what must be finished first is finished."""

    def settle(self) -> None:
        """Called before the run waits for somebody: what is under way is finished and said."""

    def save(self, then: Callable[[], None]) -> None:
        """Write a checkpoint; `then` is called when it is complete or has failed."""

    def answer(self, command: Evaluate) -> str:
        """Answer a prompt or measure a file; returns it in words. Raises ValueError with the reason where it can't."""

    def roll_back(self, command: RollBack) -> None:
        """Put a checkpoint's weights in force again. Raises ValueError with the reason where it can't."""


class ControlPoint(Protocol):
    """Where commands reach a step. Every method may raise StopRun."""

    refine_asked: bool
    """Somebody wants the round to end here."""

    def idle(self) -> bool:
        """True while nothing is asked: the only thing the hot loop looks at."""

    def poll(self, step: int) -> None:
        """Apply what was asked; waits here while paused. `step`: optimiser steps done."""

    def next_stop(self, step: int, end: int) -> int:
        """The next step after `step` at which a pause is due, `end` at the latest."""

    def hold(self, step: int, reason: str) -> None:
        """Pause of the run's own accord; the next `poll` waits for a person."""

    def during(self, situation: Situation) -> AbstractContextManager[None]:
        """Say what is being done, which decides what can be served at once and what waits."""

    def serve_with(self, serving: Serving) -> AbstractContextManager[None]:
        """While this lasts, evaluations, checkpoints and rollbacks asked for are made by this, also inside a pause."""

    def unwanted(self, answer: str) -> bool:
        """Whether somebody has cancelled the answer that a command asked for; looked at after `poll`."""

    def wait_for_decision(self, step: int) -> Decide:
        """Wait until a person answers the proposal on the table; other commands are served meanwhile."""


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class RunContext:
    """One run as its steps see it."""

    directory: RunDirectory
    base_dir: Path
    """The project file's folder: sources are relative to it."""
    cache_root: Path
    settings: LiveSettings
    control: ControlPoint
    emit: Callable[[Event], None]
    state: RunState
    """Folded from the same events as everybody else's; what refinement reads."""
    replay: Replay
    doing: Gauge = field(default_factory=Gauge)
    """What the worker is at instead of training, and how far."""
    saving: Gauge = field(default_factory=Gauge)
    """How far the checkpoint is that is being written."""
    recorded: Callable[[], threading.Event] = _set
    """An event that is set when everything said so far has been handed to the journal's file."""
    somebody_watches: bool = True
    """Whether a question can be answered by a person."""

    @property
    def config(self) -> Config:
        """The settings in force."""
        return self.settings.config

    @contextmanager
    def at_work(self, phase: Phase, detail: str) -> Iterator[None]:
        """Say what is being done where nothing can be counted; how long it takes shows."""
        self.doing.show(phase, detail)
        try:
            yield
        finally:
            self.doing.end()

    def phase(self, phase: Phase) -> PhaseTimer:
        """Report the beginning and the end of one of the five steps around a `with` block."""
        return PhaseTimer(self, phase)


class PhaseTimer:
    """Emits PhaseChanged at both ends; `detail` may be set meanwhile for the closing line."""

    def __init__(self, context: RunContext, phase: Phase) -> None:
        self._context = context
        self._phase = phase
        self._began = 0.0
        self.detail = ""
        self.skipped = False

    def _emit(self, status: Literal["started", "finished", "skipped"], seconds: float) -> None:
        state = self._context.state
        self._context.doing.end()
        self._context.emit(
            PhaseChanged(
                phase=self._phase,
                status=status,
                round=state.round,
                step=state.step,
                detail=self.detail,
                seconds=seconds,
            )
        )

    def __enter__(self) -> PhaseTimer:
        self._began = time.monotonic()
        self._emit("started", 0.0)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._emit("skipped" if self.skipped else "finished", time.monotonic() - self._began)

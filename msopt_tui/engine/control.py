"""The control point: where commands from outside meet the worker thread, between steps and nowhere else.

Commands come in on a queue from other threads; everything else here runs on the worker thread. A command is applied,
refused, or kept until the situation allows it (a save asked for during an evaluation waits for its end).
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from msopt_tui.config.change import value_of
from msopt_tui.config.fields import Scalar
from msopt_tui.engine.refusals import between_rounds
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol.adjustable import ADJUSTABLE, check_all, complete, differing
from msopt_tui.protocol.events import (
    Adjusted,
    CheckpointPinned,
    CommandApplied,
    CommandRefused,
    Continued,
    Event,
    Paused,
)
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.pins import PinError, pin
from msopt_tui.steps.context import LiveSettings, Serving, Situation, StopRun


class Control:
    """One run's control point; see `steps.context.ControlPoint` for what steps use of it."""

    def __init__(
        self,
        settings: LiveSettings,
        emit: Callable[[Event], None],
        directory: RunDirectory,
        waits: Callable[[], None] = lambda: None,
    ) -> None:
        """`waits` is called before the worker waits for a person: what it was at stands still."""
        self._inbox: queue.SimpleQueue[cmd.Command] = queue.SimpleQueue()
        self._settings = settings
        self._emit = emit
        self._directory = directory
        self._waits = waits
        self._situation: Situation = "preparing"
        self._waiting: list[cmd.Command] = []
        self._paused = False
        self._serving: Serving | None = None
        self._answering = self._unwanted = ""
        """Ids of the commands whose answer is being written, and of the latest whose answer nobody wants."""
        self._answers: list[cmd.Decide] = []
        self._undo: list[dict[str, Scalar]] = []
        self._pause_at: set[int] = set()
        self._step = 0
        self.refine_asked = False

    def submit(self, command: cmd.Command) -> None:
        """Hand in a command; from any thread."""
        self._inbox.put(command)

    def remember(self, undoable: list[dict[str, Scalar]]) -> None:
        """What was adjusted before the run was taken up again, the latest last: undo takes that back too."""
        self._undo = list(undoable)

    def idle(self) -> bool:
        """True while nothing is asked."""
        return self._inbox.empty()

    def poll(self, step: int) -> None:
        """Apply what was asked; waits here while paused. Raises StopRun."""
        self._step = step
        while True:
            while not self._inbox.empty():
                self._take_next()
            if step in self._pause_at and self._situation == "training":
                self._pause_at.discard(step)
                self._hold(f"step {step} is reached")
            # An evaluation goes to its end: the pause is taken at the step boundary behind it.
            if self._situation != "evaluating":
                self._wait_while_paused()
            # What waited for an evaluation asked for in the pause is back in the queue, and this step may be the last.
            if self._inbox.empty():
                return

    def next_stop(self, step: int, end: int) -> int:
        """The next step after `step` at which a pause is due, `end` at the latest."""
        return min((at for at in self._pause_at if at > step), default=end)

    def _wait_while_paused(self) -> None:
        while self._paused:
            if self._serving is not None:
                self._serving.settle()
            self._waits()
            self._take_next()

    @contextmanager
    def during(self, situation: Situation) -> Iterator[None]:
        """Say what is being done; what had to wait is handed in again when it is over."""
        before, self._situation = self._situation, situation
        try:
            self._resubmit()
            yield
        finally:
            self._situation = before
            self._resubmit()

    def _resubmit(self) -> None:
        waiting, self._waiting = self._waiting, []
        for command in waiting:
            self._inbox.put(command)

    @contextmanager
    def serve_with(self, serving: Serving) -> Iterator[None]:
        """While this lasts, evaluations, checkpoints and rollbacks asked for are made by this."""
        self._serving = serving
        try:
            yield
        finally:
            self._serving = None

    def close(self) -> None:
        """The run is over: whatever still waits is refused, so that nobody waits for an answer."""
        waiting, self._waiting = self._waiting, []
        while not self._inbox.empty():
            waiting.append(self._inbox.get())
        for command in waiting:
            self._refused(command, "the run ended first")

    def wait_for_decision(self, step: int) -> cmd.Decide:
        """Wait until a person answers the proposal on the table."""
        self._step = step
        self._answers.clear()
        self._waits()
        while not self._answers:
            self._take_next()
        return self._answers.pop()

    def _wait(self, command: cmd.Command) -> None:
        """Keep a command until the situation allows it; a pause before training would keep it for good: refuse it."""
        if self._paused and self._situation == "preparing":
            self._refused(command, "paused before there is a network: go on first")
        else:
            self._waiting.append(command)

    # One handler a command: the situation decides between applying, refusing and waiting.

    def _take_next(self) -> None:
        """Wait for a command and handle it."""
        command = self._inbox.get()
        if self._serving is not None:
            self._serving.make_way(command)
        self._handle(command)

    def _handle(self, command: cmd.Command) -> None:
        match command:
            case cmd.Pause() | cmd.Step() | cmd.Until() | cmd.Continue():
                self._pace(command)
            case cmd.Evaluate():
                self._evaluate(command)
            case cmd.CancelAnswer():
                self._cancel_answer(command)
            case cmd.Save():
                self._save(command)
            case cmd.Pin():
                self._pin(command)
            case cmd.RollBack():
                self._roll_back(command)
            case cmd.Refine():
                self._refine(command)
            case cmd.Adjust():
                self._adjust(command)
            case cmd.Undo():
                self._take_back(command)
            case cmd.Decide():
                self._decide(command)
            case cmd.Stop():
                self._applied(command, command.detail)
                reason = f"asked by {command.who}"
                raise StopRun(save=command.save, cancel=command.cancel, reason=reason, exit_code=command.exit_code)

    def _pace(self, command: cmd.Pause | cmd.Step | cmd.Until | cmd.Continue) -> None:
        match command:
            case cmd.Pause():
                self._pause(command)
            case cmd.Step():
                self._take_steps(command)
            case cmd.Until():
                self._until(command)
            case cmd.Continue():
                self._continue(command)

    def _applied(self, command: cmd.Command, detail: str = "", step: int | None = None) -> None:
        at = self._step if step is None else step
        self._emit(CommandApplied(id=command.id, command=command.name, step=at, detail=detail))

    def _refused(self, command: cmd.Command, reason: str) -> None:
        self._emit(CommandRefused(id=command.id, command=command.name, reason=reason))

    def _pause(self, command: cmd.Pause) -> None:
        if command.at_step is not None:
            self._pause_later(command, command.at_step)
            return
        if self._situation == "deciding":
            self._refused(command, "the run waits for a decision already")
            return
        if self._situation == "evaluating":
            self._waiting.append(command)
            return
        self._applied(command, "already paused" if self._paused else "")
        self._hold(f"asked by {command.who}")

    def _pause_later(self, command: cmd.Pause, at: int) -> None:
        if at <= self._step:
            self._refused(command, f"step {at} is behind: {self._step} steps are done")
            return
        self._pause_at.add(at)
        self._applied(command, command.detail)

    def _take_steps(self, command: cmd.Step) -> None:
        if command.steps < 1:
            self._refused(command, f"{command.steps} steps: a whole number >= 1")
        elif self._situation in ("probing", "deciding"):
            self._refused(command, between_rounds("steps", self._situation, self._step))
        elif self._situation == "preparing":
            self._waiting.append(command)
            self._go_on()
        else:
            self._pause_at.add(self._step + command.steps)
            self._applied(command, f"to step {self._step + command.steps}")
            self._go_on()

    def _until(self, command: cmd.Until) -> None:
        if command.step <= self._step:
            self._refused(command, f"step {command.step} is behind: {self._step} steps are done")
        else:
            self._pause_at.add(command.step)
            self._applied(command, command.detail)
            self._go_on()

    def hold(self, step: int, reason: str) -> None:
        """Pause of the run's own accord; the next `poll` waits."""
        self._step = step
        self._hold(reason)

    def _hold(self, reason: str) -> None:
        if not self._paused:
            self._paused = True
            self._emit(Paused(step=self._step, reason=reason))

    def _continue(self, command: cmd.Continue) -> None:
        if not self._paused:
            self._refused(command, "not paused")
            return
        self._applied(command)
        self._go_on()

    def _go_on(self) -> None:
        if self._paused:
            self._paused = False
            self._emit(Continued(step=self._step))

    def _evaluate(self, command: cmd.Evaluate) -> None:
        if command.file or command.prompt:
            self._answer(command)
        elif self._situation == "evaluating":
            self._applied(command, "the evaluation under way is of these weights")
        elif self._situation in ("probing", "deciding"):
            self._refused(command, between_rounds("evaluation", self._situation, self._step))
        elif self._serving is None:
            self._wait(command)
        else:
            self._applied(command)
            self._serving.evaluate()

    def _answer(self, command: cmd.Evaluate) -> None:
        if self._situation in ("probing", "deciding"):
            self._refused(command, between_rounds("answer", self._situation, self._step))
        elif self._situation == "evaluating" or self._serving is None:
            self._wait(command)
        else:
            self._answering = command.id
            try:
                self._applied(command, self._serving.answer(command))
            except ValueError as error:
                self._refused(command, str(error))
            finally:
                self._answering = ""

    def unwanted(self, answer: str) -> bool:
        """Whether somebody has cancelled this answer."""
        return answer == self._unwanted

    def _cancel_answer(self, command: cmd.CancelAnswer) -> None:
        waiting = next((one for one in self._waiting if one.id == command.answer), None)
        if waiting is not None:
            self._waiting.remove(waiting)
            self._refused(waiting, f"cancelled by {command.who}")
        elif command.answer == self._answering:
            self._unwanted = command.answer
        else:
            self._refused(command, "there is no such answer under way")
            return
        self._applied(command)

    def _save(self, command: cmd.Save) -> None:
        if self._situation in ("probing", "deciding"):
            self._refused(command, between_rounds("save", self._situation, self._step))
        elif self._situation == "evaluating" or self._serving is None:
            self._wait(command)
        else:
            self._serving.save(partial(self._applied, command, step=self._step))

    def _roll_back(self, command: cmd.RollBack) -> None:
        if self._situation in ("probing", "deciding"):
            self._refused(command, between_rounds("rollback", self._situation, self._step))
        elif self._situation == "evaluating" or self._serving is None:
            self._wait(command)
        else:
            try:
                self._serving.roll_back(command)
            except ValueError as error:
                self._refused(command, str(error))
            else:
                self._applied(command, command.detail)

    def _pin(self, command: cmd.Pin) -> None:
        try:
            step, is_new = pin(self._directory, command.step, keep=command.keep)
        except PinError as error:
            self._refused(command, str(error))
            return
        if is_new:
            self._emit(CheckpointPinned(step=step, pinned=command.keep))
        self._applied(command, f"checkpoint {step}" + ("" if is_new else ": it was so already"))

    def _refine(self, command: cmd.Refine) -> None:
        if self._situation in ("probing", "deciding"):
            self._refused(command, between_rounds("refine", self._situation, self._step))
        elif self._situation in ("evaluating", "preparing"):
            self._wait(command)
        elif self._step == 0:
            self._refused(command, "there is no step yet to learn from")
        else:
            self.refine_asked = True
            self._applied(command, "the round ends here")
            self._go_on()

    def _adjust(self, command: cmd.Adjust) -> None:
        try:
            changes = complete(self._settings.lasting, check_all(command.changes))
            if self._situation == "preparing" and any(ADJUSTABLE[path].known_by_run for path in changes):
                self._wait(command)
                return
            new = differing(self._settings.lasting, changes)
            if new:
                self._change(new, command.who, command.why)
        except ValueError as error:
            self._refused(command, str(error))
        else:
            said = [", ".join(f"{key} = {value}" for key, value in new.items())]
            said += [f"{key} is {value} already" for key, value in changes.items() if key not in new]
            self._applied(command, "; ".join(filter(None, said)))

    def _change(self, changes: dict[str, Scalar], who: str, why: str) -> None:
        config = self._settings.lasting
        before = {path: value_of(config, path) for path in changes}
        self._settings.change(changes)
        self._undo.append(before)
        for path, new in changes.items():
            self._emit(Adjusted(step=self._step, setting=path, old=before[path], new=new, who=who, why=why))

    def _take_back(self, command: cmd.Undo) -> None:
        if not self._undo:
            self._refused(command, "nothing has been adjusted")
            return
        changes = self._undo.pop()
        self._change(changes, command.who, "undone")
        self._undo.pop()  # the undoing itself is no adjustment to undo
        self._applied(command, ", ".join(f"{key} = {value}" for key, value in changes.items()))

    def _decide(self, command: cmd.Decide) -> None:
        if self._situation != "deciding":
            self._refused(command, "no proposal waits for a decision")
            return
        try:
            changes = None if command.changes is None else check_all(command.changes, between_rounds=True)
            self._settings.refuse(changes or {})
        except ValueError as error:
            self._refused(command, str(error))
            return
        self._applied(command, command.detail)
        self._answers.append(msgspec.structs.replace(command, changes=changes))

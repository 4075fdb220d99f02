"""What a run in training does for whoever asks: evaluate, save, answer a prompt, measure a file, roll back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msopt_tui.ml import checkpoint, rng
from msopt_tui.ml.tasks.causal_lm import CausalLanguageModelling
from msopt_tui.protocol.commands import Command, Evaluate, Pin, RollBack
from msopt_tui.protocol.events import Answered, AnswerGrew
from msopt_tui.runs.pins import words
from msopt_tui.state.figures import figures
from msopt_tui.steps import evaluate, rollback, save
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session
from msopt_tui.steps.streamed import Streamed

FILE_LIMIT = 64 << 20
"""A chosen file may be so large (bytes): it is read as a whole."""


class _Cancelled(Exception):
    """Nobody wants the answer any more."""


class Served:
    """One run's answers; see `steps.context.Serving`."""

    def __init__(self, context: RunContext, session: Session) -> None:
        self._context, self._session = context, session

    def evaluate(self) -> None:
        """Evaluate the validation split, and keep the weights where they are the best so far."""
        evaluate.and_keep(self._context, self._session, "asked")

    def make_way(self, command: Command) -> None:
        """Finish a checkpoint that is being written where the command must not come before its end."""
        if isinstance(command, Pin):
            self.settle()  # the latest is the one that is being written, and none goes while it is pinned
        else:
            save.before_a_change(self._context, self._session)

    def settle(self) -> None:
        """Wait for the checkpoint that is being written."""
        save.settle(self._context, self._session)

    def save(self, then: Callable[[], None]) -> None:
        """Write a checkpoint; `then` is called when it is complete or has failed."""
        save.run(self._context, self._session, "asked", then)

    def answer(self, command: Evaluate) -> str:
        """Answer a prompt or measure a file, without touching the run's curves or its random numbers."""
        self._session.loop.drain()
        with self._context.control.during("evaluating"), rng.preserved(self._session.device):
            answered = self._measured(command) if command.file else self._written(command)
        self._context.emit(answered)
        if command.file:
            return figures(answered.metrics)
        return f"{answered.text} … cancelled" if answered.cancelled else answered.text

    def _written(self, command: Evaluate) -> Answered:
        context, step = self._context, self._session.step
        serve_others = evaluate.checking(context, self._session, "a typed prompt")
        streamed = Streamed(lambda kept, text: context.emit(AnswerGrew(id=command.id, kept=kept, text=text)))

        def check(done: int, total: int) -> None:
            serve_others(done, total)
            if context.control.unwanted(command.id):
                raise _Cancelled

        try:
            sample = self._session.task.answer(context.config, command.prompt, check, streamed)
        except _Cancelled:
            return Answered(id=command.id, step=step, prompt=command.prompt, text=streamed.text, cancelled=True)
        text = f"{sample.text} ({sample.note})" if sample.note else sample.text
        return Answered(id=command.id, step=step, prompt=command.prompt, text=text)

    def _measured(self, command: Evaluate) -> Answered:
        task = self._session.task
        if not isinstance(task, CausalLanguageModelling):
            raise ValueError("a file can be measured where the task is causal-lm: running text and its next token")
        check = evaluate.checking(self._context, self._session, Path(command.file).name)
        result = task.measure_text(self._context.config, read(Path(command.file)), check)
        return Answered(id=command.id, step=self._session.step, file=command.file, metrics=result.metrics)

    def roll_back(self, command: RollBack) -> None:
        """Put a checkpoint's weights, optimiser state and random numbers in force again."""
        directory, session = self._context.directory, self._session
        self.settle()
        steps = checkpoint.list_steps(directory.checkpoints)
        if command.step not in steps:
            raise ValueError(f"there is no checkpoint {command.step}: {words(steps)}")
        checkpoint.check(directory.checkpoint(command.step), model=session.model)
        rollback.to(self._context, session, command.step, command.step + 1, "asked", command.who)


def read(path: Path) -> str:
    """The text of a chosen file; raises ValueError where it is none."""
    try:
        if path.is_file() and path.stat().st_size > FILE_LIMIT:
            raise ValueError(f"{path}: larger than {FILE_LIMIT >> 20} MiB")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if not text.strip():
        raise ValueError(f"{path}: there is no text in it")
    return text

"""What a run in training does for whoever asks: evaluate, save, answer a prompt, measure a file, roll back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from msopt_tui.config.change import with_changes
from msopt_tui.data import file_split
from msopt_tui.data import vocabulary as vocabularies
from msopt_tui.ml import checkpoint, rng
from msopt_tui.ml.tasks import task_of
from msopt_tui.ml.tasks.base import Check, Subject
from msopt_tui.ml.tasks.causal_lm import CausalLanguageModelling
from msopt_tui.protocol.commands import Command, Evaluate, Pin, RollBack
from msopt_tui.protocol.events import Answered, AnswerGrew
from msopt_tui.runs.pins import words
from msopt_tui.state.figures import figures
from msopt_tui.steps import evaluate, rollback, save
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session
from msopt_tui.steps.streamed import Streamed


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
        context, what = self._context, f"measuring {Path(command.file).name}" if command.file else "writing an answer"
        with (
            context.control.during("evaluating"),
            rng.preserved(self._session.device),
            context.at_work("evaluate", what),
        ):
            answered = self._measured(command) if command.file else self._written(command)
        self._context.emit(answered)
        if command.file:
            return figures(answered.metrics)
        return f"{answered.text} … cancelled" if answered.cancelled else answered.text

    def _written(self, command: Evaluate) -> Answered:
        context, step = self._context, self._session.step
        serve_others = evaluate.checking(context, self._session, "writing an answer")
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
        path = Path(command.file)
        check = evaluate.checking(self._context, self._session, f"measuring {path.name}")
        task, config = self._session.task, self._context.config
        if isinstance(task, CausalLanguageModelling):
            metrics = task.measure_text(config, file_split.text_of(path), check).metrics
        else:
            metrics = self._measured_as_split(path, check)
        return Answered(id=command.id, step=self._session.step, file=command.file, metrics=metrics)

    def _measured_as_split(self, path: Path, check: Check) -> dict[str, float | None]:
        """The figures of the task over a file, as an evaluation has them of the validation split."""
        session = self._session
        # The prompts of the project are none of the file's.
        config = with_changes(self._context.config, {"evaluate.prompts": "[]"})
        vocabulary = vocabularies.load(session.prepared.tokenizer_dir, session.prepared.meta.family)
        with TemporaryDirectory(prefix="msopt-tui-") as folder:
            own = file_split.prepared_from(path, config, session.prepared, vocabulary, Path(folder))
            task = task_of(config, Subject(session.model, vocabulary, own, session.device, session.dtype))
            measured = task.measure(config, "validation", check).metrics
            return {**measured, **task.predict(config, "validation", check).metrics}

    def roll_back(self, command: RollBack) -> None:
        """Put a checkpoint's weights, optimiser state and random numbers in force again."""
        directory, session = self._context.directory, self._session
        self.settle()
        steps = checkpoint.list_steps(directory.checkpoints)
        if command.step not in steps:
            raise ValueError(f"there is no checkpoint {command.step}: {words(steps)}")
        checkpoint.check(directory.checkpoint(command.step), model=session.model)
        rollback.to(self._context, session, command.step, command.step + 1, "asked", command.who)

"""Checkpoints of a run in training: copied on the worker, written beside it, pointed at, thinned out, and said.

One at a time. The worker decides, collects and says; the thread that writes touches neither torch nor events. A resume
takes what the journal tells of a step before its checkpoint to be in it, so nothing is changed at that step before the
checkpoint is said (`before_a_change`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from threading import Event

from msopt_tui.ml import checkpoint, manifest
from msopt_tui.protocol.events import CheckpointFailed, CheckpointRemoved, CheckpointSaved, Noted
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.pins import PinError, read_pins
from msopt_tui.steps.background import Gauge, Job, Pace
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Kept, Saving, Session

JOURNAL_SECONDS = 10.0
"""So long at most a checkpoint waits for the journal."""


def run(context: RunContext, session: Session, reason: str, then: Callable[[], None] = lambda: None) -> None:
    """Begin to save the session as it stands between two steps; one that is under way is waited for.

    A failure is said and training goes on. `then` is called on this thread once it is said what became of it.
    """
    assert session.intact, "weights of a probe must not become a checkpoint"
    session.loop.drain()
    settle(context, session)
    began = time.monotonic()
    try:
        taken = checkpoint.snapshot(
            session.model, session.optimizer, session.prepared.tokenizer_dir, _state(context, session), session.device
        )
    except checkpoint.CheckpointError as error:
        _failed(context, session, session.step, str(error))
        then()
        return
    directory, is_best, keep = context.directory, session.best_step == session.step, _keep(context, session)
    context.saving.show("train", f"checkpoint {session.step}", 0, taken.bytes, "bytes")
    told = partial(_told, directory, context.recorded())
    write = partial(
        _write, directory, taken, is_best, keep, context.config.train.save_total_limit, context.saving, told
    )
    session.saving = Saving(session.step, reason, began, then, Job(write, "checkpoint-writer"))
    session.last_saved_step = session.step


def ready(session: Session) -> bool:
    """Whether `look` has something to say."""
    return session.saving is not None and session.saving.job.done


def look(context: RunContext, session: Session) -> None:
    """Say what became of a checkpoint whose writing is over; never waits."""
    if ready(session):
        settle(context, session)


def settle(context: RunContext, session: Session) -> None:
    """Wait for the checkpoint that is being written, and say what became of it."""
    saving, session.saving = session.saving, None
    if saving is None:
        return
    try:
        kept = saving.job.result()
    except checkpoint.CheckpointError as error:
        _failed(context, session, saving.step, str(error))
    else:
        context.emit(
            CheckpointSaved(
                step=saving.step,
                path=str(kept.saved.path.relative_to(context.directory.path)),
                bytes=kept.saved.bytes,
                seconds=kept.ended - saving.began,
                reason=saving.reason,
            )
        )
        for removed in kept.removed:
            context.emit(CheckpointRemoved(step=removed))
        if kept.error:
            context.emit(Noted(level="warning", text=kept.error, step=saving.step))
    saving.then()


def before_a_change(context: RunContext, session: Session) -> None:
    """Settle a checkpoint of this very step: what is changed now is not in it."""
    if session.saving is not None and session.saving.step == session.step:
        settle(context, session)


def _state(context: RunContext, session: Session) -> checkpoint.TrainingState:
    return checkpoint.TrainingState(
        step=session.step,
        round=session.round,
        from_step=session.from_step,
        round_first_step=session.plan.first_step,
        round_last_step=session.plan.last_step,
        tokens=session.loop.tokens,
        settings=context.settings.differing(),
        best_step=session.best_step,
        best_loss=session.best_loss,
        best_cost=session.best_cost,
        evaluations_since_best=session.evaluations_since_best,
        spent=session.spent,
        last_evaluated_step=session.last_evaluated_step,
        stretches=list(session.stretches),
        seed=context.config.train.seed,
        data_key=session.prepared.key,
        base=session.base,
    )


def _keep(context: RunContext, session: Session) -> set[int] | None:
    """Checkpoints that stay whatever the limit says: this one, the best, the pinned; `None` where that is unknown."""
    keep = {session.step} | ({session.best_step} if session.best_step is not None else set())
    try:
        return keep | context.replay.needed | read_pins(context.directory)
    except PinError as error:
        context.emit(Noted(level="warning", text=f"{error}: no checkpoint is removed", step=session.step))
        return None


def _told(directory: RunDirectory, recorded: Event) -> None:
    """Wait until the journal has, on the disk, what was said before the copy was taken.

    A checkpoint that is there before that has steps behind it which no journal tells of. Where the disk takes no
    journal the checkpoint is worth more than the lines.
    """
    recorded.wait(JOURNAL_SECONDS)
    with contextlib.suppress(OSError):
        manifest.flush(directory.events)


def _write(
    directory: RunDirectory,
    taken: checkpoint.Snapshot,
    is_best: bool,
    keep: set[int] | None,
    limit: int,
    gauge: Gauge,
    told: Callable[[], None],
    pace: Pace,
) -> Kept:
    """On a thread of its own. Raises CheckpointError."""
    try:
        saved = checkpoint.store(directory.checkpoints, taken, gauge.move, told, pace.pause)
    finally:
        gauge.end()
    pace.pause()
    checkpoint.point(directory.latest, saved.path.name)
    pace.pause()
    if is_best:
        checkpoint.point(directory.best, saved.path.name)
    ended, removed, error = time.monotonic(), list[int](), ""
    try:
        if keep is not None:
            removed = checkpoint.retain(directory.checkpoints, limit, keep)
    except OSError as problem:
        error = f"old checkpoints could not be removed: {problem}"
    return Kept(saved, ended, removed, error)


def _failed(context: RunContext, session: Session, step: int, error: str) -> None:
    """What is best must be somewhere to go back to: without this checkpoint it is the one that was best before."""
    context.emit(CheckpointFailed(step=step, error=error))
    if session.last_saved_step == step:
        session.last_saved_step = -1
    if not context.directory.checkpoint(step).is_dir() and session.forget_best(step):
        before = f"the best kept are of step {session.best_step}" if session.best_step is not None else "none are kept"
        context.emit(Noted(level="warning", text=f"the best weights, of step {step}, are lost with it: {before}"))

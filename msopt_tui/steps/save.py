"""Checkpoints of a run in training: written, pointed at, thinned out, and said."""

from __future__ import annotations

import time

from msopt_tui.ml import checkpoint
from msopt_tui.protocol.events import CheckpointFailed, CheckpointRemoved, CheckpointSaved, Noted
from msopt_tui.runs.pins import PinError, read_pins
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session


def run(context: RunContext, session: Session, reason: str) -> None:
    """Save the session as it stands between two steps. A failure is said and training goes on."""
    assert session.intact, "weights of a probe must not become a checkpoint"
    session.loop.drain()
    began = time.monotonic()
    directory = context.directory
    state = checkpoint.TrainingState(
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
        stretches=session.stretches,
        seed=context.config.train.seed,
        data_key=session.prepared.key,
        base=session.base,
    )
    try:
        saved = checkpoint.save(
            directory.checkpoints,
            session.model,
            session.optimizer,
            session.prepared.tokenizer_dir,
            state,
            session.device,
        )
        checkpoint.point(directory.latest, saved.path.name)
        if session.best_step == session.step:
            checkpoint.point(directory.best, saved.path.name)
    except checkpoint.CheckpointError as error:
        context.emit(CheckpointFailed(step=session.step, error=str(error)))
        return
    session.last_saved_step = session.step
    context.emit(
        CheckpointSaved(
            step=session.step,
            path=str(saved.path.relative_to(directory.path)),
            bytes=saved.bytes,
            seconds=time.monotonic() - began,
            reason=reason,
        )
    )
    thin_out(context, session)


def thin_out(context: RunContext, session: Session) -> None:
    """Remove the oldest checkpoints over `save_total_limit`: never the latest, the best, or a pinned one."""
    directory = context.directory
    keep = {session.step} | ({session.best_step} if session.best_step is not None else set())
    keep |= context.replay.needed
    try:
        keep |= read_pins(directory)
    except PinError as error:
        context.emit(Noted(level="warning", text=f"{error}: no checkpoint is removed", step=session.step))
        return
    for removed in checkpoint.retain(directory.checkpoints, context.config.train.save_total_limit, keep):
        context.emit(CheckpointRemoved(step=removed))

"""Back to the last good checkpoint: by the guard rail when a run came off its course, or again on a replay.

Steps go on counting, so the rows that did the damage are not trained on again: batch k belongs to step k.
"""

from __future__ import annotations

from msopt_tui.ml import checkpoint
from msopt_tui.protocol.events import Adjusted, Noted, RolledBack
from msopt_tui.refinement.guard import Verdict
from msopt_tui.steps import save
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session

GUARD = "guard rail"
RATE_FACTOR = 0.5


def by_verdict(context: RunContext, session: Session, verdict: Verdict) -> None:
    """Act on what the guard saw: roll back and halve the rate, or pause where that has been tried often enough."""
    session.guard.reset()
    save.settle(context, session)
    good = last_before(context, verdict.since)
    if good is None:
        _ask(context, session, f"{verdict.reason}; no checkpoint from before step {verdict.since} to go back to")
    elif session.rollbacks >= context.config.train.max_rollbacks:
        _ask(context, session, f"{verdict.reason}; rolled back {session.rollbacks} times already")
    else:
        session.rollbacks += 1
        to(context, session, good, verdict.since, verdict.reason, GUARD)
        old = context.config.train.learning_rate
        new = float(f"{old * RATE_FACTOR:.4g}")
        context.settings.change({"train.learning_rate": new})
        context.emit(
            Adjusted(
                step=session.step, setting="train.learning_rate", old=old, new=new, who=GUARD, why="after the rollback"
            )
        )


def to(context: RunContext, session: Session, good: int, since: int, reason: str, who: str) -> None:
    """Put weights, optimiser state and random numbers of a checkpoint in force; counters and settings stay."""
    session.loop.drain()
    save.settle(context, session)
    with context.at_work("initialise", f"reading checkpoint {good}"):
        checkpoint.load(context.directory.checkpoint(good), session.model, session.optimizer, session.device)
    session.guard.reset()
    # What was saved or measured at this step was of other weights.
    session.last_saved_step = min(session.last_saved_step, session.step - 1)
    session.last_evaluated_step = min(session.last_evaluated_step, session.step - 1)
    context.emit(RolledBack(step=session.step, from_step=good, since=since, reason=reason, who=who))


def last_before(context: RunContext, step: int) -> int | None:
    """Newest checkpoint of this run that was whole before `step` was taken."""
    for at in reversed(checkpoint.list_steps(context.directory.checkpoints)):
        if at < step:
            try:
                with context.at_work("initialise", f"checking checkpoint {at}"):
                    checkpoint.check(context.directory.checkpoint(at))
            except checkpoint.CheckpointError as error:
                context.emit(Noted(level="warning", text=f"passed over {error}"))
            else:
                return at
    return None


def _ask(context: RunContext, session: Session, reason: str) -> None:
    """Wait for a person where there is one; without one go on and leave it on the record."""
    if context.somebody_watches:
        context.control.hold(session.step, f"{reason}: adjust, roll on with p, or stop")
    else:
        context.emit(Noted(level="warning", text=f"{reason}; nobody to ask, so it goes on", step=session.step))

"""How rounds begin: the first with a range test, the others from a checkpoint or from the initial weights."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.events import Proposal, RoundStarted
from msopt_tui.steps import interventions
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.refine import rate_test, weights
from msopt_tui.steps.session import Session, rows_per_step

WARMUP_SHARE = 0.1
"""A round that goes on from a checkpoint warms up for this share of it at most: its moments are warm already."""


def begin(context: RunContext, session: Session) -> None:
    """Begin the run, or take it up again: what may be spent, initial weights put aside, a range test."""
    refine = context.config.refine
    tokens = refine.budget_steps * rows_per_step(context.config) * context.config.data.max_length
    session.limits.tokens = tokens or None
    session.limits.minutes, session.limits.began = refine.budget_minutes, time.monotonic()
    session.ledger.evaluation_tokens = max(0, session.prepared.tokens.get("validation", 0) - 1)
    if context.state.rounds and not session.ledger.evaluated:
        # Checkpoints from before they kept it themselves.
        spend(session, context.state.rounds[-1].spent)
    before = context.replay.adjusted_behind(session.round - 1)
    if before:
        interventions.again(context, session, before)
        session.apply(context.config)
    changes: dict[str, Scalar] = {}
    if refine.mode != "off" and session.step == 0:
        weights.put_aside(context, session)
        done_before = context.replay.round_start(session.round)
        changes = rate_test.run(context, session, done_before)
        context.settings.change(changes)
        if done_before is not None:
            spend(session, done_before.spent)
    session.apply(context.config)
    announce(context, session, changes)


def spend(session: Session, spent: Mapping[str, int]) -> None:
    """What the journal says that evaluations and probes took until now."""
    session.ledger.evaluated = spent.get("evaluated", session.ledger.evaluated)
    session.ledger.probed = spent.get("probed", session.ledger.probed)


def start_round(context: RunContext, session: Session, changes: dict[str, Scalar], from_step: int | None) -> None:
    """Begin the next round from a checkpoint of this run, or from the initial weights; steps count on."""
    context.settings.change(changes)
    session.follow_shape(context.config)
    if from_step is not None:
        weights.load(context, session, from_step)
    else:
        weights.restore_initial(context, session)
    session.evaluations_since_best = 0
    session.rollbacks = 0
    session.guard.reset()
    session.round, session.from_step = session.round + 1, from_step
    session.plan.first_step = session.step
    session.end_at, session.end_reason = None, ""
    session.intact = True
    session.apply(context.config)
    announce(context, session, changes)


def short_warmup(warmup_steps: int, steps: int) -> dict[str, Scalar]:
    """The change for a round of `steps` that goes on from a checkpoint, if there is one to make."""
    most = int(WARMUP_SHARE * steps)
    return {"train.warmup_steps": most} if warmup_steps > most else {}


def as_begun(context: RunContext, proposal: Proposal, steps: int) -> Proposal:
    """A proposal with what a round of `steps` that goes on from a checkpoint changes besides, and why: for a person
    who is to decide. The race runs it without, since a stretch has a short warm-up of its own."""
    fresh = proposal.start == "fresh" and weights.has_initial(context)
    besides = short_warmup(context.config.train.warmup_steps, steps)
    if fresh or not besides or "train.warmup_steps" in proposal.changes:
        return proposal
    reason = f"{proposal.reason}; the warm-up is cut to a tenth of the round: the checkpoint's moments are warm already"
    return msgspec.structs.replace(proposal, reason=reason, changes={**proposal.changes, **besides})


def announce(context: RunContext, session: Session, changes: dict[str, Scalar]) -> None:
    """Say that a round begins."""
    context.emit(
        RoundStarted(
            round=session.round,
            step=session.plan.first_step,
            last_step=session.plan.last_step,
            from_step=session.from_step,
            changes=changes,
            tokens_per_step=rows_per_step(context.config) * context.config.data.max_length,
            spent=session.spent,
        )
    )

"""The range test before the first round: run, read, and what follows from it."""

from __future__ import annotations

import math

from msopt_tui.config.change import with_changes
from msopt_tui.config.fields import Scalar
from msopt_tui.ml.loop import RoundPlan
from msopt_tui.protocol.codec import finite
from msopt_tui.protocol.events import (
    Diagnosed,
    Noted,
    Proposal,
    Proposed,
    RateTested,
    RoundStarted,
    StepsDone,
)
from msopt_tui.refinement import decide, propose
from msopt_tui.refinement import rate_test as test
from msopt_tui.refinement.diagnose import of_test
from msopt_tui.refinement.signs.fit import MANY_PASSES
from msopt_tui.steps import memory
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.refine import verdict, weights
from msopt_tui.steps.session import Session

MOST = 0.05
"""Share of the first round that the test may take."""


def run(context: RunContext, session: Session, done_before: RoundStarted | None = None) -> dict[str, Scalar]:
    """What the first round changes; nothing where the written rate is near enough, or the test says nothing.

    In a run that repeats another the test is made again, and what followed from it then follows from it now.
    """
    config, written = context.config, context.config.train.learning_rate
    before = done_before.changes if done_before is not None else None
    steps = min(config.refine.range_test_steps, int(MOST * session.plan.total))
    if steps < test.LEAST or not weights.has_initial(context):
        return before or {}
    with context.phase("refine") as phase:
        reading = _tested(context, session, test.rates_for(written, steps))
        if reading is None:
            phase.detail = "the range test says nothing"
            return before or {}
        passes = _passes(context, session)
        finding = of_test(written, reading, cautious=bool(config.model.pretrained) or passes > MANY_PASSES)
        context.emit(Diagnosed(round=session.round, step=session.step, findings=[finding] if finding else []))
        if before is not None:
            phase.detail = "decided as before"
            return before
        proposal = propose.before_the_first(reading, finding, config, session.plan.total, passes)
        asks = config.refine.mode == "ask" and context.somebody_watches
        if with_changes(config, proposal.changes) == config or (asks and finding is None):
            phase.detail = f"rate {written:g} kept"
            return {}
        decision = _decided(context, session, proposal, asks=asks)
        phase.detail = f"{proposal.id} {decision.verdict}"
        return decision.changes


def _tested(context: RunContext, session: Session, rates: list[float]) -> test.Reading | None:
    """What the curve of losses over rates says, on the record."""
    losses = _losses(context, session, rates)
    reading = test.read(rates, losses)
    context.emit(
        RateTested(
            round=session.round,
            step=session.step,
            rates=rates[: len(losses)],
            losses=[finite(loss) for loss in losses],
            suggested=reading.suggested if reading else None,
        )
    )
    return reading


def _decided(context: RunContext, session: Session, proposal: Proposal, *, asks: bool) -> decide.Decision:
    """What becomes of the proposal, on the record."""
    if asks:
        context.emit(Proposed(round=session.round, step=session.step, proposals=[proposal]))
        with context.control.during("deciding"):
            decision = decide.by_person([proposal], context.control.wait_for_decision(session.step))
    else:
        decision = decide.by_measurement(proposal)
    verdict.say(context, session, decision)
    return decision


def _passes(context: RunContext, session: Session) -> float:
    """How often the first round goes over the training data."""
    tokens = session.prepared.tokens.get("train", 0)
    return session.plan.total * session.costs(context.config).step / tokens if tokens else 0.0


def _losses(context: RunContext, session: Session, rates: list[float]) -> list[float]:
    """Training loss at each of `rates`, up to where it is over the top; the weights are the initial ones afterwards."""
    control, first, losses = context.control, session.step, list[float]()

    def take(done: StepsDone) -> None:
        losses.extend(math.nan if loss is None else loss for loss in done.losses)

    session.intact = False
    try:
        with control.during("probing"), session.loop.unreported(take):
            before = session.loop.tokens
            for rate in rates:
                control.poll(first)
                change: dict[str, Scalar] = {
                    "train.learning_rate": rate,
                    "train.lr_scheduler_type": "constant",
                    "train.warmup_steps": 0,
                }
                with context.settings.temporarily(change):
                    step = session.step + 1
                    plan = RoundPlan(first, first + len(rates))
                    while session.step < step:
                        # Anew where the step did not fit into memory and is cut smaller.
                        control.poll(first)
                        memory.take_steps(context, session, plan, step, lambda: True)
                session.loop.drain()
                context.doing.show("refine", "range test", step - first, len(rates), "steps")
                if test.over_the_top(losses):
                    break
            session.ledger.probed += session.loop.tokens - before
    finally:
        weights.restore_initial(context, session)
        session.intact = True
    if len(losses) < len(rates):
        context.emit(Noted(level="info", text=f"range test over the top at {rates[len(losses) - 1]:.2g}"))
    return losses

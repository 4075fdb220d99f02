"""Step 3: one round of optimiser steps, with evaluations and checkpoints at their cadence and commands in between."""

from __future__ import annotations

from collections.abc import Callable

from msopt_tui.steps import evaluate, interventions, memory, rollback, save
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.initialise import describe
from msopt_tui.steps.serve import Served
from msopt_tui.steps.session import Session


def run(context: RunContext, session: Session) -> str:
    """Train to the end of the round; returns why it ended. The round's last evaluation and checkpoint are made."""
    control = context.control

    def undisturbed() -> bool:
        return control.idle() and session.guard.verdict is None and not save.ready(session)

    with control.during("training"), control.serve_with(Served(context, session)), context.phase("train") as phase:
        if session.last_evaluated_step < 0:
            evaluate.and_keep(context, session, "start")
        while True:
            save.look(context, session)
            interventions.again(context, session, context.replay.adjusted_at(session.round, session.step))
            _roll_back_if_needed(context, session)
            control.poll(session.step)
            session.apply(context.config)
            if session.told != (session.frozen, session.rank):
                describe(context, session)
            reason = _why_over(context, session)
            if reason:
                break
            _take_steps(context, session, undisturbed)
            _at_cadence(context, session)
        phase.detail = f"step {session.step}: {reason}"
        if session.last_evaluated_step != session.step:
            evaluate.run(context, session, "round end")
        if session.last_saved_step != session.step:
            save.run(context, session, "round end")
        save.settle(context, session)  # what follows loads other weights
    return reason


def _take_steps(context: RunContext, session: Session, undisturbed: Callable[[], bool]) -> None:
    if context.config.train.torch_compile and not session.compiled:
        # The first step takes as long as a thousand others.
        with context.at_work("initialise", "compiling the network"):
            memory.take_steps(context, session, session.plan, session.step + 1, undisturbed)
        session.compiled = True
    else:
        memory.take_steps(context, session, session.plan, _next_stop(context, session), undisturbed)


def _next_stop(context: RunContext, session: Session) -> int:
    """The next step at which something is due, if nobody asks for anything before."""
    step, train = session.step, context.config.train
    cadences = [step - step % every + every for every in (train.eval_steps, train.save_steps)]
    end = session.plan.last_step
    return min(context.replay.next_stop(step, end), context.control.next_stop(step, end), end, *cadences)


def _at_cadence(context: RunContext, session: Session) -> None:
    step, train = session.step, context.config.train
    if context.replay.evaluation_at(session.round, step):
        evaluate.and_keep(context, session, "asked")
    if context.replay.save_at(session.round, step) and session.last_saved_step != step:
        save.run(context, session, "asked")
    if step % train.eval_steps == 0 and session.last_evaluated_step != step and step < session.plan.last_step:
        evaluate.and_keep(context, session, "cadence")
    if step % train.save_steps == 0 and session.last_saved_step != step and step < session.plan.last_step:
        save.run(context, session, "cadence")


def _roll_back_if_needed(context: RunContext, session: Session) -> None:
    done_before = context.replay.rollback_at(session.round, session.step)
    if done_before is not None:
        rollback.to(context, session, done_before.from_step, done_before.since, done_before.reason, done_before.who)
    elif session.guard.verdict is not None:
        verdict = session.guard.verdict
        if session.step > context.replay.horizon:
            rollback.by_verdict(context, session, verdict)
        else:
            session.guard.reset()  # seen before, at the step that the journal tells; it comes from there


def _why_over(context: RunContext, session: Session) -> str:
    """Why the round ends here; empty while it goes on."""
    control, patience = context.control, context.config.train.early_stopping_patience
    if session.step >= session.plan.last_step:
        return "all steps done"
    ended = context.replay.round_end(session.round)
    if control.refine_asked or (ended is not None and session.step >= ended):
        control.refine_asked = False
        return "asked"
    if patience and session.evaluations_since_best >= patience and session.step > session.plan.first_step:
        return f"early stopping: no better validation loss in {session.evaluations_since_best} evaluations"
    return ""

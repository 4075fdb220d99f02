"""Step 5: diagnose → propose → probe → decide → apply. The decisions are `refinement`'s, the running is done here."""

from __future__ import annotations

from msopt_tui.config.fields import Scalar
from msopt_tui.ml import checkpoint
from msopt_tui.ml.loop import RoundPlan
from msopt_tui.protocol.codec import finite
from msopt_tui.protocol.events import (
    Decided,
    Diagnosed,
    Noted,
    Probed,
    Progressed,
    Proposal,
    Proposed,
    RoundEnded,
    RoundStarted,
)
from msopt_tui.refinement import decide, probe
from msopt_tui.refinement.diagnose import diagnose
from msopt_tui.refinement.evidence import evidence_of
from msopt_tui.refinement.propose import propose
from msopt_tui.steps import evaluate
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session, rows_per_step

PROGRESS_STEPS = 10
"""Steps of a probe between two reports of how far it is."""


def run(context: RunContext, session: Session, reason: str) -> bool:
    """Close the round; True when another one has begun, its weights and settings in place."""
    context.emit(
        RoundEnded(
            round=session.round,
            step=session.step,
            reason=reason,
            best_step=session.best_step,
            best_loss=session.best_loss if session.best_step is not None else None,
        )
    )
    done_before = context.replay.round_start(session.round + 1)
    if done_before is not None:
        start_round(context, session, done_before.changes, done_before.from_step)
        return True
    refine = context.config.refine
    with context.phase("refine") as phase, context.control.during("deciding"):
        if refine.mode == "off" or session.round >= refine.max_rounds or session.best_step is None:
            phase.skipped = True
            phase.detail = f"round {session.round} of {refine.max_rounds}" if refine.mode != "off" else "off"
            return False
        decision = _decide(context, session)
        phase.detail = f"{decision.proposal or 'no proposal'} {decision.verdict}"
        context.emit(
            Decided(
                round=session.round,
                proposal=decision.proposal,
                decision=decision.verdict,
                changes=decision.changes,
                who=decision.who,
                reason=decision.reason,
            )
        )
        if decision.next_round:
            start_round(context, session, decision.changes, session.best_step)
    return decision.next_round


def start_round(context: RunContext, session: Session, changes: dict[str, Scalar], from_step: int | None) -> None:
    """Begin the next round from a checkpoint of this run with changed settings; steps count on."""
    if from_step is not None:
        _load(context, session, from_step)
    context.settings.change(changes)
    session.evaluations_since_best = 0
    session.rollbacks = 0
    session.guard.reset()
    session.round, session.from_step = session.round + 1, from_step
    session.plan.first_step = session.step
    session.intact = True
    session.apply(context.config)
    announce(context, session, changes)


def _load(context: RunContext, session: Session, step: int) -> None:
    """Weights, optimiser and RNG of a checkpoint; counters and settings stay as they are."""
    checkpoint.load(context.directory.checkpoint(step), session.model, session.optimizer, session.device)


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
        )
    )


def _decide(context: RunContext, session: Session) -> decide.Decision:
    findings = diagnose(evidence_of(context.state))
    context.emit(Diagnosed(round=session.round, step=session.step, findings=findings))
    proposals = propose(findings, context.config)
    if not proposals:
        return decide.Decision("none", "", "auto", "too few evaluations to go by", next_round=False)
    proposal = proposals[0]
    against_control, control_gain = _race(context, session, proposal)
    if context.config.refine.mode == "ask" and context.somebody_watches:
        context.emit(Proposed(round=session.round, step=session.step, proposals=proposals))
        return decide.by_person(proposal, context.control.wait_for_decision(session.step))
    if context.config.refine.mode == "ask":
        context.emit(Noted(level="info", text="nobody watches: the race decides instead of a person"))
    return decide.by_race(proposal, against_control, control_gain)


def _race(context: RunContext, session: Session, proposal: Proposal) -> tuple[probe.Margin | None, probe.Margin | None]:
    """Run control and proposal from the best checkpoint over the same batches; None where there is no race."""
    steps = context.config.refine.probe_steps
    if steps == 0:
        return None, None
    assert session.best_step is not None, "there is nothing to race from without a best checkpoint"
    before = session.row_losses.get(session.best_step)
    control = _contestant(context, session, probe.CONTROL, {}, steps)
    candidate = _contestant(context, session, proposal.id, dict(proposal.changes), steps)
    margin = probe.margin(control, candidate)
    gain = probe.margin(probe.Outcome("before", before), control) if before is not None else None
    for outcome, shown in ((control, None), (candidate, margin)):
        context.emit(
            Probed(
                round=session.round,
                proposal=outcome.proposal,
                from_step=session.best_step,
                steps=steps,
                loss=finite(outcome.loss),
                margin=finite(shown.mean) if shown else None,
                standard_error=finite(shown.standard_error) if shown else None,
            )
        )
    return margin, gain


def _contestant(
    context: RunContext, session: Session, name: str, changes: dict[str, Scalar], steps: int
) -> probe.Outcome:
    """Train from the best checkpoint for `steps` with a whole small schedule, and measure every validation row."""
    assert session.best_step is not None, "checked by the caller"
    control, first = context.control, session.step
    session.intact = False
    with control.during("probing"), context.settings.temporarily(changes), session.loop.unreported():
        _load(context, session, session.best_step)
        session.apply(context.config)
        while session.step < first + steps:
            control.poll(first)
            until = min(session.step + PROGRESS_STEPS, first + steps)
            session.loop.run(context.config, RoundPlan(first, first + steps), until, control.idle)
            done = session.step - first
            context.emit(Progressed(phase="refine", done=done, total=steps, unit="steps", detail=f"probe {name}"))
        return probe.Outcome(name, evaluate.measure(context, session, "validation").per_row_losses)

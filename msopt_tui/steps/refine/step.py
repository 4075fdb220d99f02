"""The end of a round: what it showed, what is proposed, what the race says, who decides, and the next round."""

from __future__ import annotations

import time

from msopt_tui.config.source_names import names
from msopt_tui.ml import freeze
from msopt_tui.protocol.events import Diagnosed, Noted, Proposal, Proposed, RoundEnded
from msopt_tui.refinement import decide, holdout
from msopt_tui.refinement.diagnose import diagnose
from msopt_tui.refinement.evidence import evidence_of
from msopt_tui.refinement.means import Means
from msopt_tui.refinement.propose import propose
from msopt_tui.steps import interventions
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.refine import noise, race, rounds, verdict, weights
from msopt_tui.steps.session import Session, steps_in_round

LEAST_STEPS = 8
"""A round shorter than this is not begun."""


def run(context: RunContext, session: Session, reason: str) -> bool:
    """Close the round; True when another one has begun, its weights and settings in place."""
    best = None
    if session.best_step is not None and context.config.refine.holdout_fraction:
        race.know_best(context, session, session.best_step)
        best = session.row_losses[session.best_step]
    context.emit(
        RoundEnded(
            round=session.round,
            step=session.step,
            reason=session.end_reason or reason,
            best_step=session.best_step,
            best_loss=session.best_loss if session.best_step is not None else None,
            holdout_loss=holdout.unseen_loss(best, context.config.refine.holdout_fraction) if best else None,
            spent=session.spent,
        )
    )
    interventions.again(context, session, context.replay.adjusted_behind(session.round))
    done_before = context.replay.round_start(session.round + 1)
    if done_before is not None:
        rounds.spend(session, done_before.spent)
        rounds.start_round(context, session, done_before.changes, done_before.from_step)
        return True
    with context.phase("refine") as phase, context.control.during("deciding"):
        over = _why_no_more(context, session)
        if over:
            phase.skipped, phase.detail = True, over
            return False
        decision = _decide(context, session)
        phase.detail = f"{decision.proposal or 'no proposal'} {decision.verdict}"
        verdict.say(context, session, decision)
        if decision.next_round:
            _apply(context, session, decision)
    return decision.next_round


def _why_no_more(context: RunContext, session: Session) -> str:
    """Why no round can follow; empty where one can."""
    refine = context.config.refine
    if refine.mode == "off":
        return "off"
    if context.replay.is_last(session.round):
        return "decided as before"
    if session.best_step is None:
        return "no validation was finite"
    if session.round >= refine.max_rounds:
        return f"round {session.round} of {refine.max_rounds}"
    if _steps_ahead(context, session) < LEAST_STEPS:
        return "refine.budget_steps are used up"
    if session.limits.over(time.monotonic()):
        return "refine.budget_minutes are over"
    return ""


def _steps_ahead(context: RunContext, session: Session) -> int:
    """How long the next round can be."""
    whole = steps_in_round(context.config, session.prepared)
    affordable = session.affordable(context.config)
    return whole if affordable is None else min(whole, affordable)


def _apply(context: RunContext, session: Session, decision: decide.Decision) -> None:
    """The next round from where the decision says, losers' checkpoints having never been written."""
    start = None if decision.start == "fresh" and weights.has_initial(context) else session.best_step
    changes = dict(decision.changes)
    if start is not None and "train.warmup_steps" not in changes:
        changes |= rounds.short_warmup(context.config.train.warmup_steps, _steps_ahead(context, session))
    rounds.start_round(context, session, changes, start)


def _decide(context: RunContext, session: Session) -> decide.Decision:
    refine = context.config.refine
    findings = diagnose(evidence_of(context.state))
    if findings and race.affordable(context, session, refine.max_proposals):
        batch = noise.measure(context, session)
        findings = sorted([*findings, *([batch] if batch else [])], key=lambda one: -one.confidence)
    context.emit(Diagnosed(round=session.round, step=session.step, findings=findings))
    ahead, means = _steps_ahead(context, session), _means(context, session)
    proposals = propose(findings, context.config, ahead, means)[: refine.max_proposals]
    if not proposals:
        return decide.Decision("none", "", "auto", "too few evaluations to go by", next_round=False)
    result = race.run(context, session, proposals)
    if refine.mode == "ask" and context.somebody_watches:
        return _ask(context, session, [rounds.as_begun(context, one, ahead) for one in proposals])
    if refine.mode == "ask":
        context.emit(Noted(level="info", text="nobody watches: the race decides instead of a person"))
    if result is None and refine.probe_steps > 0:
        return decide.by_trial(proposals[0])
    return decide.by_race(proposals, result)


def _means(context: RunContext, session: Session) -> Means:
    """What proposals can be about."""
    data = context.config.data
    rows = session.prepared.source_rows(data.max_length)
    return Means(freeze.blocks(session.model), tuple(names(data.sources)), tuple(rows))


def _ask(context: RunContext, session: Session, proposals: list[Proposal]) -> decide.Decision:
    context.emit(Proposed(round=session.round, step=session.step, proposals=proposals))
    return decide.by_person(proposals, context.control.wait_for_decision(session.step))

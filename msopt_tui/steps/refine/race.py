"""Proposals and the unchanged control run from the same checkpoint over the same batches, in heats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msopt_tui.config.fields import Scalar
from msopt_tui.ml import memory_copy
from msopt_tui.ml.loop import RoundPlan
from msopt_tui.protocol.codec import finite
from msopt_tui.protocol.events import Probed, Proposal
from msopt_tui.refinement import holdout, probe
from msopt_tui.refinement.decide import RaceResult
from msopt_tui.steps import evaluate, memory
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.refine import rounds, weights
from msopt_tui.steps.session import Session, rows_per_step

PROGRESS_STEPS = 10
"""Steps of a probe between two reports of how far it is."""
MOST = 0.2
"""Share of what is left of the budget that a race may take."""
LEAST_STEPS = 20
"""A race shorter than this shows nothing."""


class Plan(NamedTuple):
    """How long contestants run."""

    steps: int
    heats: list[int]


def run(context: RunContext, session: Session, proposals: list[Proposal]) -> RaceResult | None:
    """The race, on the record; `None` where there is none to be had."""
    plan = _plan(context, session, len(proposals))
    if plan is None:
        return None
    assert session.best_step is not None, "there is nothing to race from without a best checkpoint"
    know_best(context, session, session.best_step)
    changes: dict[str, Mapping[str, Scalar]] = {probe.CONTROL: {}, **{one.id: one.changes for one in proposals}}
    fresh = {one.id for one in proposals if one.start == "fresh"}
    running, outcomes = list(changes), dict[str, probe.Outcome]()
    anew = any({"model.freeze", "model.lora.r"} & one.changes.keys() for one in proposals)
    states: dict[str, memory_copy.Copy] = {}
    done = 0
    for heat, end in enumerate(plan.heats, 1):
        for name in running:
            start = states.pop(name, None)
            outcomes[name], left = _stretch(
                context, session, _Stretch(name, changes[name], done, end, plan.steps, name in fresh, anew), start
            )
            if end < plan.steps:
                states[name] = left
        stay = (
            {probe.CONTROL, *probe.survivors([outcomes[name] for name in running])}
            if end < plan.steps
            else set(running)
        )
        for name in running:
            _report(context, session, outcomes, name, _Heat(heat, end, name not in stay))
        running, done = [name for name in running if name in stay], end
    return _result(outcomes, running, session.row_losses[session.best_step], context)


def affordable(context: RunContext, session: Session, proposals: int) -> bool:
    """Whether there can be a race between so many proposals and the control."""
    return _plan(context, session, proposals) is not None


def know_best(context: RunContext, session: Session, step: int) -> None:
    """Measure the best checkpoint's rows again where a resume has left them behind: the decision needs them.

    Nothing is charged, since the evaluation that is repeated was; contestants load weights and generators anew.
    """
    if step in session.row_losses:
        return
    session.intact = False
    with context.control.during("probing"):
        weights.load(context, session, step)
        session.row_losses[step] = evaluate.measure(context, session, "validation").per_row_losses


class _Heat(NamedTuple):
    number: int
    steps: int
    eliminated: bool


class _Stretch(NamedTuple):
    name: str
    changes: Mapping[str, Scalar]
    begin: int
    end: int
    total: int
    fresh: bool
    anew: bool
    """Whether others may have changed weights that this one leaves alone: what it was put aside with is not all."""


def _plan(context: RunContext, session: Session, proposals: int) -> Plan | None:
    """Steps of the race: `probe_steps`, or fewer where they would take too much of the budget."""
    steps = context.config.refine.probe_steps
    left = session.limits.left(sum(session.spent.values()))
    while steps >= LEAST_STEPS and left is not None and _cost(context, session, proposals, steps) > MOST * left:
        steps -= 1
    if steps < min(LEAST_STEPS, context.config.refine.probe_steps) or steps == 0:
        return None
    return Plan(steps, probe.heats(proposals, steps))


def _cost(context: RunContext, session: Session, proposals: int, steps: int) -> int:
    """Tokens that a race takes."""
    total, running, before = 0, proposals, 0
    for end in probe.heats(proposals, steps):
        per_step = rows_per_step(context.config) * context.config.data.max_length
        total += (running + 1) * ((end - before) * per_step + session.ledger.evaluation_tokens)
        running, before = -(-running // 2), end
    return total


def _stretch(
    context: RunContext, session: Session, stretch: _Stretch, start: memory_copy.Copy | None
) -> tuple[probe.Outcome, memory_copy.Copy]:
    """Train one contestant through one heat of a whole small schedule, and measure every validation row in sight."""
    assert session.best_step is not None, "checked by the caller"
    control, first = context.control, session.step
    changes = {**rounds.short_warmup(context.config.train.warmup_steps, stretch.total), **stretch.changes}
    session.intact = False
    with control.during("probing"), context.settings.temporarily(changes), session.loop.unreported():
        before = session.loop.tokens
        session.follow_shape(context.config)
        if start is None or stretch.anew:
            if stretch.fresh and weights.has_initial(context):
                weights.restore_initial(context, session)
            else:
                weights.load(context, session, session.best_step)
        if start is not None:
            memory_copy.put_back(start, session.model, session.optimizer, session.device)
        session.apply(context.config)
        begin, end, total = (_steps_of(context, steps) for steps in (stretch.begin, stretch.end, stretch.total))
        session.loop.step = first + begin
        while session.step < first + end:
            control.poll(first)
            until = min(session.step + PROGRESS_STEPS, first + end)
            memory.take_steps(context, session, RoundPlan(first, first + total), until, control.idle)
            done = session.step - first
            context.doing.show("refine", f"probe {stretch.name}", done, total, "steps")
        result = evaluate.measure(context, session, "validation")
        session.ledger.probed += session.loop.tokens - before + result.tokens
        rows = holdout.seen(result.per_row_losses, context.config.refine.holdout_fraction)
        left = memory_copy.take(session.model, session.optimizer, session.device)
    return probe.Outcome(stretch.name, rows), left


def _steps_of(context: RunContext, steps: int) -> int:
    """So many of the control's steps in steps of the contestant: of other batches as many as read the same tokens."""
    ours, theirs = rows_per_step(context.settings.lasting), rows_per_step(context.config)
    return steps if ours == theirs or not steps else max(1, round(steps * ours / theirs))


def _report(context: RunContext, session: Session, outcomes: dict[str, probe.Outcome], name: str, heat: _Heat) -> None:
    assert session.best_step is not None, "checked by the caller"
    margin = probe.margin(outcomes[probe.CONTROL], outcomes[name]) if name != probe.CONTROL else None
    context.emit(
        Probed(
            round=session.round,
            proposal=name,
            from_step=session.best_step,
            steps=heat.steps,
            loss=finite(outcomes[name].loss),
            margin=finite(margin.mean) if margin else None,
            standard_error=finite(margin.standard_error) if margin else None,
            heat=heat.number,
            eliminated=heat.eliminated,
        )
    )


def _result(
    outcomes: dict[str, probe.Outcome], finalists: list[str], best_rows: list[float], context: RunContext
) -> RaceResult:
    """The best of those that stayed, against the control; and what the control gained on the best checkpoint."""
    control = outcomes[probe.CONTROL]
    winner = min((name for name in finalists if name != probe.CONTROL), key=lambda name: outcomes[name].loss)
    before = probe.Outcome("before", holdout.seen(best_rows, context.config.refine.holdout_fraction))
    return RaceResult(winner, probe.margin(control, outcomes[winner]), probe.margin(before, control))

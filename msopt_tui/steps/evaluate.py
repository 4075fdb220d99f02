"""Step 4: how good the current weights are, in figures and in their own words."""

from __future__ import annotations

import math
import time
from statistics import mean
from typing import Literal

import msgspec

from msopt_tui.config.source_names import names
from msopt_tui.data.split import SplitName
from msopt_tui.ml import rng
from msopt_tui.ml.tasks.base import Check, EvaluationResult, Predictions
from msopt_tui.protocol.events import Evaluated, Noted, Sample, Sampled
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.refinement import holdout
from msopt_tui.runs.directory import write_text_atomic
from msopt_tui.state.numbers import significant
from msopt_tui.steps import best_rows, memory, save, watch
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Best, Session

Reason = Literal["cadence", "asked", "round end", "start", "final", "probe"]


def measure(context: RunContext, session: Session, split: SplitName) -> EvaluationResult:
    """Figures of one split; serves commands between batches and never touches the training RNG."""
    check = checking(context, session, split)
    with rng.preserved(session.device), context.at_work("evaluate", split):
        result = memory.measured(context, session, lambda: session.task.measure(context.config, split, check))
    if split == "validation":
        session.ledger.evaluation_tokens = result.tokens
        if session.intact:
            session.ledger.evaluated += result.tokens
    return result


def predict(context: RunContext, session: Session, split: SplitName) -> Predictions:
    """What the weights write, for prompts or for rows of the split, and how good that is."""
    check = checking(context, session, f"{split}, writing")
    with rng.preserved(session.device), context.at_work("evaluate", f"{split}, writing"):
        return memory.measured(context, session, lambda: session.task.predict(context.config, split, check))


def checking(context: RunContext, session: Session, detail: str) -> Check:
    """What is called between the batches of an evaluation: serves commands and says how far it is."""

    def check(done: int, total: int) -> None:
        context.control.poll(session.step)
        save.look(context, session)
        context.doing.show("evaluate", detail, done, total, "rows" if total else "")

    return check


def run(
    context: RunContext, session: Session, reason: Reason, split: Literal["validation", "test"] = "validation"
) -> Evaluated:
    """One evaluation on the record; the best so far is remembered."""
    session.loop.drain()
    with context.control.during("evaluating"), context.phase("evaluate") as phase:
        began = time.monotonic()
        result = measure(context, session, split)
        written = predict(context, session, split)
        metrics = {**result.metrics, **written.metrics}
        best = split == "validation" and _remember(context, session, metrics, result.per_row_losses)
        evaluated = Evaluated(
            step=session.step,
            round=session.round,
            split=split,
            reason=reason,
            metrics=metrics,
            seconds=time.monotonic() - began,
            best=best,
            confusion=result.confusion,
            signatures={**result.signatures, **written.signatures},
            source_losses=_named(context, result.by_source),
        )
        context.emit(evaluated)
        phase.detail = f"{split} loss {significant(metrics['loss'])}"
        samples = [*result.samples, *written.samples]
        if samples:
            context.emit(Sampled(step=session.step, samples=samples))
        if reason == "cadence":
            watch.look(context, session, result.per_row_losses)
    _write(context, evaluated, samples)
    return evaluated


def _named(context: RunContext, losses: list[float | None]) -> dict[str, float | None]:
    """Losses of the sources that have something in the split, by their names."""
    named = dict(zip(names(context.config.data.sources), losses, strict=bool(losses)))
    return named if sum(loss is not None for loss in losses) > 1 else {}


def and_keep(context: RunContext, session: Session, reason: Reason) -> None:
    """Evaluate, and keep the weights where they are the best so far: refinement starts from them."""
    if run(context, session, reason).best and session.step < session.plan.last_step:
        save.run(context, session, "best")


def _remember(context: RunContext, session: Session, metrics: dict[str, float | None], row_losses: list[float]) -> bool:
    """Whether this is the best validation so far, by `evaluate.metric_for_best_model`."""
    session.last_evaluated_step = session.step
    name, loss = context.config.evaluate.metric_for_best_model, metrics["loss"]
    value = metrics.get(name)
    if name == "loss" and loss is not None:
        value = loss = (
            mean(holdout.seen(row_losses, context.config.refine.holdout_fraction)) if _hides(context) else loss
        )
    # What is not finite is never better; written as `not (a < b)` it would be.
    cost = math.inf if value is None else value if METRICS[name].better == "lower" else -value
    if loss is None or not cost < session.best_cost:
        session.evaluations_since_best += 1
        return False
    session.remember_best(Best(session.step, cost, loss, {session.step: row_losses}))
    best_rows.keep(context, session, row_losses)
    return True


def _hides(context: RunContext) -> bool:
    return context.config.refine.holdout_fraction > 0.0


def _write(context: RunContext, evaluated: Evaluated, samples: list[Sample]) -> None:
    """`evaluations/step-000100-validation.json`: for scripts that want figures without the journal."""
    name = f"step-{evaluated.step:06d}-{evaluated.split}.json"
    content = {"evaluation": evaluated, "samples": samples}
    text = msgspec.json.format(msgspec.json.encode(content)).decode()
    try:
        write_text_atomic(context.directory.evaluations / name, text + "\n", durable=False)
    except OSError as error:
        # The journal has the same figures; a full disk is no reason to end the run.
        context.emit(Noted(level="warning", text=f"evaluations/{name} could not be written: {error.strerror}"))

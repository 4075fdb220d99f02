"""Step 4: how good the current weights are, in figures and in their own words."""

from __future__ import annotations

import math
import time
from typing import Literal

import msgspec

from msopt_tui.data.split import SplitName
from msopt_tui.ml import rng, sampling
from msopt_tui.ml.tasks import causal_lm
from msopt_tui.protocol.events import Evaluated, Noted, Progressed, Sample, Sampled
from msopt_tui.runs.directory import write_text_atomic
from msopt_tui.state.numbers import significant
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session

Reason = Literal["cadence", "asked", "round end", "start", "final", "probe"]
PROGRESS_SECONDS = 0.5


def measure(context: RunContext, session: Session, split: SplitName) -> causal_lm.EvaluationResult:
    """Figures of one split; serves commands between batches and never touches the training RNG."""
    last = time.monotonic()

    def check(done: int, total: int) -> None:
        nonlocal last
        context.control.poll(session.step)
        now = time.monotonic()
        if now - last >= PROGRESS_SECONDS:
            last = now
            context.emit(Progressed(phase="evaluate", done=done, total=total, unit="rows", detail=split))

    config = context.config
    with rng.preserved(session.device):
        return causal_lm.evaluate(
            session.model,
            ids=session.prepared.store[split].ids,
            max_length=config.data.max_length,
            batch_size=config.evaluate.per_device_eval_batch_size,
            text_bytes=session.text_bytes(split),
            autocast=session.dtype,
            device=session.device,
            check=check,
        )


def run(
    context: RunContext, session: Session, reason: Reason, split: Literal["validation", "test"] = "validation"
) -> Evaluated:
    """One evaluation on the record; the best so far is remembered."""
    session.loop.drain()
    with context.control.during("evaluating"), context.phase("evaluate") as phase:
        began = time.monotonic()
        result = measure(context, session, split)
        loss = result.metrics["loss"]
        # What is not finite is never better; written as `not (a < b)` it would be.
        best = split == "validation" and loss is not None and math.isfinite(loss) and loss < session.best_loss
        if split == "validation":
            _remember(session, loss, best, result.per_row_losses)
        evaluated = Evaluated(
            step=session.step,
            round=session.round,
            split=split,
            reason=reason,
            metrics=result.metrics,
            seconds=time.monotonic() - began,
            best=best,
        )
        context.emit(evaluated)
        phase.detail = f"{split} loss {significant(loss)}"
        samples = _samples(context, session)
        if samples:
            context.emit(Sampled(step=session.step, samples=samples))
    _write(context, evaluated, samples)
    return evaluated


def _remember(session: Session, loss: float | None, best: bool, row_losses: list[float]) -> None:
    session.last_evaluated_step = session.step
    if best:
        assert loss is not None, "what is not finite is never the best"
        session.best_step, session.best_loss, session.evaluations_since_best = session.step, loss, 0
        session.row_losses = {session.step: row_losses}
    else:
        session.evaluations_since_best += 1


def _samples(context: RunContext, session: Session) -> list[Sample]:
    settings = context.config.evaluate
    if not settings.prompts:
        return []
    with rng.preserved(session.device):
        texts = sampling.continue_texts(
            session.model,
            session.tokenizer,
            settings.prompts,
            max_new_tokens=settings.max_new_tokens,
            temperature=settings.temperature,
            top_k=settings.top_k,
            seed=context.config.train.seed,
            device=session.device,
            check=lambda: context.control.poll(session.step),
        )
    return [Sample(prompt=prompt, text=text) for prompt, text in zip(settings.prompts, texts, strict=True)]


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

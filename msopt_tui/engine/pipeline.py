"""The five steps in their order, round after round. Imported by the worker thread only: torch comes with it."""

from __future__ import annotations

from pathlib import Path

from msopt_tui.protocol.events import Noted, RunEnded
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.steps import finish, initialise, preprocess, refine, save, train
from msopt_tui.steps.context import RunContext, StopRun
from msopt_tui.steps.session import Session


def run(context: RunContext, start_from: Path | None) -> RunEnded:
    """Run to the end, or to where someone stops it; errors are the caller's to report."""
    session: Session | None = None
    try:
        prepared = preprocess.run(context)
        session = initialise.run(context, prepared, start_from)
        refine.begin(context, session)
        while True:
            reason = train.run(context, session)
            if not refine.run(context, session, reason):
                break
        model = finish.run(context, session)
    except StopRun as stop:
        return _stopped(context, session, stop)
    finally:
        if session is not None:
            save.settle(context, session)  # the process ends without waiting for a thread
    return RunEnded(status="completed", step=session.step, model=model, reason=_summary(context, session))


def _stopped(context: RunContext, session: Session | None, stop: StopRun) -> RunEnded:
    step = session.step if session is not None else 0
    if session is not None:
        session.loop.drain()
        save.settle(context, session)
        if stop.save and session.intact and session.last_saved_step != step and step > 0:
            save.run(context, session, "stop")
        elif stop.save and not session.intact:
            context.emit(Noted(level="info", text="the checkpoint of the round's end stands", step=step))
    return RunEnded(
        status="cancelled" if stop.cancel else "stopped", step=step, reason=stop.reason, exit_code=stop.exit_code
    )


def _summary(context: RunContext, session: Session) -> str:
    if session.best_step is None:
        return "no validation was finite"
    name, loss = context.config.evaluate.metric_for_best_model, f"{session.best_loss:.4f}"
    if name == "loss":
        return f"best validation loss {loss} at step {session.best_step}"
    metric = METRICS[name]
    value = session.best_cost if metric.better == "lower" else -session.best_cost
    return f"best validation {metric.label} {value:.4g} at step {session.best_step}, loss {loss}"

"""The end of a run: the best checkpoint, the test split touched once, and a model directory for everybody else."""

from __future__ import annotations

from msopt_tui.ml import checkpoint, export, lora
from msopt_tui.protocol.events import Noted
from msopt_tui.state.numbers import size
from msopt_tui.steps import evaluate, rollback, save
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session


def run(context: RunContext, session: Session) -> str:
    """Returns the model directory, relative to the run directory."""
    save.settle(context, session)
    step = _best(context, session)
    session.intact = False  # the best weights, but not the latest: no checkpoint of these
    if session.prepared.tokens.get("test", 0) > 1:
        evaluate.run(context, session, "final", "test")
    tokenizer, target = session.prepared.tokenizer_dir, context.directory.path / "model"
    if lora.is_adapted(session.model):
        adapter = context.directory.path / "adapter"
        with context.at_work("evaluate", "writing the adapter"):
            export.export_model(session.model, tokenizer, adapter)
        context.emit(Noted(level="info", text=f"adapter of step {step} in {adapter.name}/"))
        lora.merge(session.model)
    with context.at_work("evaluate", "writing the model"):
        written = export.export_model(session.model, tokenizer, target)
    context.emit(Noted(level="info", text=f"model of step {step} in {target.name}/ ({size(written)})"))
    return target.name


def _best(context: RunContext, session: Session) -> int:
    """Put the best checkpoint's weights in force, or the newest whole one's where it has been damaged meanwhile.

    Returns their step. Raises CheckpointError where none can be used.
    """
    if session.best_step is None:
        return session.step
    step = session.best_step
    try:
        with context.at_work("evaluate", f"reading checkpoint {step}"):
            checkpoint.load(context.directory.checkpoint(step), session.model, session.optimizer, session.device)
    except checkpoint.CheckpointError as error:
        newest = rollback.last_before(context, session.step + 1)
        if newest is None:
            raise
        text = f"the best weights can't be used ({error}): those of step {newest} take their place"
        context.emit(Noted(level="error", text=text, step=newest))
        checkpoint.load(context.directory.checkpoint(newest), session.model, session.optimizer, session.device)
        return newest
    return step

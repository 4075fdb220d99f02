"""The end of a run: the best checkpoint, the test split touched once, and a model directory for everybody else."""

from __future__ import annotations

from msopt_tui.ml import checkpoint, export, lora
from msopt_tui.protocol.events import Noted
from msopt_tui.state.numbers import size
from msopt_tui.steps import evaluate
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session


def run(context: RunContext, session: Session) -> str:
    """Returns the model directory, relative to the run directory."""
    if session.best_step is not None:
        best = context.directory.checkpoint(session.best_step)
        checkpoint.load(best, session.model, session.optimizer, session.device)
    session.intact = False  # the best weights, but not the latest: no checkpoint of these
    if session.prepared.tokens.get("test", 0) > 1:
        evaluate.run(context, session, "final", "test")
    tokenizer, target = session.prepared.tokenizer_dir, context.directory.path / "model"
    if lora.is_adapted(session.model):
        adapter = context.directory.path / "adapter"
        export.export_model(session.model, tokenizer, adapter)
        context.emit(Noted(level="info", text=f"adapter of step {session.best_step} in {adapter.name}/"))
        lora.merge(session.model)
    written = export.export_model(session.model, tokenizer, target)
    context.emit(Noted(level="info", text=f"model of step {session.best_step} in {target.name}/ ({size(written)})"))
    return target.name

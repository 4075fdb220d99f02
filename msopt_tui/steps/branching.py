"""How a branch begins: with the weights of another run's checkpoint, and with as much of the rest as still fits."""

from __future__ import annotations

from pathlib import Path

from msopt_tui.ml import checkpoint
from msopt_tui.protocol.events import Noted
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session


def begin(context: RunContext, session: Session, path: Path) -> None:
    """Put a checkpoint's weights in force, its optimiser state and random numbers where they fit; steps count on.

    With the same settings the branch goes on to the last bit as its parent did. What is best, and what was spent, is
    its own. Raises CheckpointError where weights or tokenizer are not this run's.
    """
    checkpoint.check(path, model=session.model, tokenizer_dir=session.prepared.tokenizer_dir)
    try:
        state = checkpoint.load(path, session.model, session.optimizer, session.device)
    except checkpoint.CheckpointError as error:
        state = checkpoint.load(path, session.model, None, session.device)
        context.emit(Noted(level="warning", text=f"the optimiser starts anew: {error}", step=state.step))
    if state.base != session.base:
        raise checkpoint.CheckpointError(f"{path.name}: its adapters learnt beside other weights than this run has")
    if state.data_key and state.data_key != session.prepared.key:
        text = "the data is not what the parent was trained on: the curves before and after differ in kind"
        context.emit(Noted(level="warning", text=text, step=state.step))
    session.loop.step = state.step
    session.from_step = state.step
    session.plan.first_step, session.plan.last_step = state.round_first_step, state.round_last_step
    session.stretches = list(state.stretches) or session.stretches
    session.apply(context.config)

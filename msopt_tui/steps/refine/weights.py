"""Where a round or a contestant starts from: a checkpoint of the run, or the weights that the run began with."""

from __future__ import annotations

from pathlib import Path

from msopt_tui.ml import checkpoint
from msopt_tui.protocol.events import Noted
from msopt_tui.steps import save
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session


def load(context: RunContext, session: Session, step: int) -> None:
    """Weights, optimiser and RNG of a checkpoint; counters and settings stay as they are."""
    save.settle(context, session)
    with context.at_work("refine", f"reading checkpoint {step}"):
        checkpoint.load(context.directory.checkpoint(step), session.model, session.optimizer, session.device)


def restore_initial(context: RunContext, session: Session) -> None:
    """The same, of the weights that the run began with."""
    with context.at_work("refine", "reading the initial weights"):
        checkpoint.load(_initial(context), session.model, session.optimizer, session.device)


def has_initial(context: RunContext) -> bool:
    """Whether a fresh start is possible."""
    return _initial(context).is_dir()


def put_aside(context: RunContext, session: Session) -> None:
    """Keep the weights as they are before the first step."""
    state = checkpoint.TrainingState(
        step=0,
        round=session.round,
        round_first_step=0,
        round_last_step=session.plan.last_step,
        tokens=0,
        settings=context.settings.differing(),
        seed=context.config.train.seed,
        data_key=session.prepared.key,
        base=session.base,
    )
    try:
        with context.at_work("initialise", "putting the initial weights aside"):
            checkpoint.save(
                _initial(context).parent,
                session.model,
                session.optimizer,
                session.prepared.tokenizer_dir,
                state,
                session.device,
            )
    except checkpoint.CheckpointError as error:
        context.emit(Noted(level="warning", text=f"initial weights: {error}; no round can start from them"))


def _initial(context: RunContext) -> Path:
    """Beside the checkpoints, so that no retention takes it away."""
    return context.directory.path / "initial" / "checkpoint-0"

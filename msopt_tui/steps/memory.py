"""Out of memory: the same step again in smaller parts, with the same loss; the size that fits is kept.

A step's rows are cut into twice as many parts, which changes nothing about what is learned: losses are summed and
divided once. Without memory for a single row the run waits for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from msopt_tui.ml.loop import OutOfMemory, RoundPlan
from msopt_tui.protocol.adjustable import ACCUMULATION, MICRO, rows_per_step
from msopt_tui.protocol.events import Adjusted, Noted
from msopt_tui.steps import save
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session

T = TypeVar("T")
WHO = "out of memory"
EVALUATED = "evaluate.per_device_eval_batch_size"
_ADVICE = (
    "not even one row fits into memory: lower data.max_length, set train.gradient_checkpointing, take a smaller model "
    "or [model.lora], and branch from the last checkpoint; p tries again"
)


def take_steps(context: RunContext, session: Session, plan: RoundPlan, until: int, idle: Callable[[], bool]) -> None:
    """`session.loop.run`, with the micro-batch halved as often as memory asks for it."""
    try:
        session.loop.run(context.config, plan, until, idle)
    except OutOfMemory as error:
        _release(session)
        smaller = _smaller(context.config.train.per_device_train_batch_size, rows_per_step(context.config))
        if smaller is None:
            _ask(context, session)
        else:
            rows = rows_per_step(context.config)
            why = f"step {session.step + 1} did not fit: {error}"
            _adjust(context, session, {MICRO: smaller, ACCUMULATION: rows // smaller}, why)


def measured(context: RunContext, session: Session, measure: Callable[[], T]) -> T:
    """What an evaluation gives, its batches halved as often as memory asks for it. Raises at one row."""
    while True:
        try:
            return measure()
        except torch.OutOfMemoryError as error:
            _release(session)
            size = context.config.evaluate.per_device_eval_batch_size
            if size == 1:
                raise
            _adjust(context, session, {EVALUATED: size // 2}, f"an evaluation did not fit: {_first_line(error)}")


def _smaller(micro: int, rows: int) -> int | None:
    """The largest size of at most half that divides a step's rows; `None` below one row."""
    return next((size for size in range(micro // 2, 0, -1) if rows % size == 0), None)


def _release(session: Session) -> None:
    """Give cached blocks back, so that the smaller parts find room in one piece."""
    if session.device.type == "cuda":
        torch.cuda.empty_cache()


def _adjust(context: RunContext, session: Session, changes: dict[str, int], why: str) -> None:
    before = {MICRO: context.config.train.per_device_train_batch_size}
    before[ACCUMULATION] = context.config.train.gradient_accumulation_steps
    before[EVALUATED] = context.config.evaluate.per_device_eval_batch_size
    save.before_a_change(context, session)
    context.settings.change(changes)
    for setting, value in changes.items():
        context.emit(Adjusted(step=session.step, setting=setting, old=before[setting], new=value, who=WHO, why=why))


def _ask(context: RunContext, session: Session) -> None:
    if context.somebody_watches:
        context.control.hold(session.step, _ADVICE)
        return
    context.emit(Noted(level="error", text=_ADVICE, step=session.step))
    raise torch.OutOfMemoryError(_ADVICE)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__

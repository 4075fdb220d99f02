"""How noisy a step's gradient is at the best weights: measured where a race can be afforded, charged like a probe."""

from __future__ import annotations

from msopt_tui.ml.loop import OutOfMemory
from msopt_tui.protocol.events import Finding, Noted
from msopt_tui.refinement.diagnose import of_norms
from msopt_tui.refinement.signs.batch import Norms
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.refine import weights
from msopt_tui.steps.session import Session, rows_per_step

STEPS = 8
"""Steps whose gradients are compared."""
MOST = 0.02
"""Share of what is left of the budget that this may take."""


def measure(context: RunContext, session: Session) -> Finding | None:
    """What the batch size is found to be; `None` where it is about right, can't be told or costs too much."""
    config, left = context.config, session.limits.left(sum(session.spent.values()))
    if session.best_step is None or (left is not None and STEPS * session.costs(config).step > MOST * left):
        return None
    session.intact = False
    with context.control.during("probing"), session.loop.unreported():
        context.control.poll(session.step)
        weights.load(context, session, session.best_step)
        before = session.loop.tokens
        try:
            own, whole = session.loop.gradient_norms(STEPS, config.train.gradient_accumulation_steps)
        except OutOfMemory as error:
            context.emit(Noted(level="info", text=f"gradient noise not measured: {error}", step=session.step))
            return None
        finally:
            session.ledger.probed += session.loop.tokens - before
    return of_norms(Norms(rows_per_step(config), own, STEPS, whole))

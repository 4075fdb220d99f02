"""Between two evaluations of a round that nobody watches: whether it is worth going on to its end.

Only in `refine.mode = "auto"`. What follows is decided by refinement; here the round is ended early, no more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msopt_tui.refinement import holdout
from msopt_tui.refinement.diagnose import diagnose
from msopt_tui.refinement.evidence import evidence_of
from msopt_tui.refinement.probe import Outcome, margin
from msopt_tui.refinement.signs.fit import MANY_PASSES

if TYPE_CHECKING:
    from msopt_tui.steps.context import RunContext
    from msopt_tui.steps.session import Session

SURE_ENOUGH = 0.25
"""Confidence from which a divergence ends a round."""
SEEN_BEFORE = 1.0
"""Passes over the data before which nothing can have been learned by heart."""
TAIL = 0.1
"""Share of a round at its end that is not worth cutting off."""


def look(context: RunContext, session: Session, row_losses: list[float]) -> None:
    """After an evaluation at the cadence: end the round where it only gets worse, or where the time is up."""
    refine = context.config.refine
    if session.limits.over(time.monotonic()):
        _end(session, "refine.budget_minutes are over")
    if refine.mode != "auto" or session.round >= refine.max_rounds:
        return
    if session.plan.last_step - session.step <= TAIL * session.plan.total:
        return
    evidence = evidence_of(context.state)
    for finding in diagnose(evidence):
        if finding.kind == "diverging" and finding.confidence >= SURE_ENOUGH:
            _end(session, f"diverging: {finding.evidence}")
            return
    best = session.row_losses.get(session.best_step) if session.best_step is not None else None
    if best is None or best is row_losses or evidence.passes <= SEEN_BEFORE:
        return
    fraction = refine.holdout_fraction
    now, then = Outcome("now", holdout.seen(row_losses, fraction)), Outcome("best", holdout.seen(best, fraction))
    lost, gained = margin(now, then), margin(then, now)
    if lost.convincing:
        said = f"{lost.mean:.4f} ± {lost.standard_error:.4f} above the best, {evidence.passes:.1f} passes over the data"
        _end(session, f"overfitting: validation {said}")
    elif evidence.passes > MANY_PASSES and not gained.convincing:
        said = (
            f"{gained.mean:+.4f} ± {gained.standard_error:.4f} on the best, {evidence.passes:.1f} passes over the data"
        )
        _end(session, f"data exhausted: validation gained {said}")


def _end(session: Session, reason: str) -> None:
    session.end_at, session.end_reason = session.step, reason

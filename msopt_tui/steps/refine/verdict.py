"""What was decided about a proposal, on the record."""

from __future__ import annotations

from msopt_tui.protocol.events import Decided
from msopt_tui.refinement.decide import Decision
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session


def say(context: RunContext, session: Session, decision: Decision) -> None:
    """Tell the journal who decided what, and why."""
    context.emit(
        Decided(
            round=session.round,
            proposal=decision.proposal,
            decision=decision.verdict,
            changes=decision.changes,
            who=decision.who,
            reason=decision.reason,
        )
    )

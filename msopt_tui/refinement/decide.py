"""What becomes of a proposal: by the race in `auto`, by a person in `ask`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.commands import Decide
from msopt_tui.protocol.events import Proposal
from msopt_tui.refinement.probe import Margin

Verdict = Literal["accepted", "edited", "rejected", "none"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether there is a next round, and with which changes."""

    verdict: Verdict
    proposal: str
    who: str
    reason: str
    next_round: bool
    changes: dict[str, Scalar] = field(default_factory=dict)


def by_race(proposal: Proposal, against_control: Margin | None, control_gain: Margin | None) -> Decision:
    """`auto`: adopt what the race confirmed; go on unchanged while that still gains; else stop.

    `control_gain`: loss before the race minus the control's after it, over the same rows.
    """
    if against_control is None:
        return Decision("rejected", proposal.id, "auto", "not measured (refine.probe_steps is 0)", False)
    said = f"margin over the control {against_control.mean:+.4f} ± {against_control.standard_error:.4f}"
    if against_control.convincing:
        return Decision("accepted", proposal.id, "auto", said, True, dict(proposal.changes))
    if control_gain is not None and control_gain.convincing:
        reason = f"{said}: within the noise; the unchanged settings still gain {control_gain.mean:.4f}"
        return Decision("rejected", proposal.id, "auto", reason, True)
    return Decision("rejected", proposal.id, "auto", f"{said}, and the unchanged settings no longer gain", False)


def by_person(proposal: Proposal, answer: Decide) -> Decision:
    """`ask`: the person's word, edits included."""
    if answer.finish:
        return Decision("rejected", proposal.id, answer.who, "no further round", False)
    if not answer.accept:
        return Decision("rejected", proposal.id, answer.who, "the next round keeps the settings", True)
    if answer.changes is not None and answer.changes != proposal.changes:
        return Decision("edited", proposal.id, answer.who, "", True, dict(answer.changes))
    return Decision("accepted", proposal.id, answer.who, "", True, dict(proposal.changes))

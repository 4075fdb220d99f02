"""What becomes of proposals: by the race in `auto`, by a person in `ask`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.commands import Decide
from msopt_tui.protocol.events import Proposal
from msopt_tui.protocol.values import Start
from msopt_tui.refinement.probe import Margin

Verdict = Literal["accepted", "edited", "rejected", "none"]


@dataclass(frozen=True, slots=True)
class RaceResult:
    """How a race ended."""

    winner: str
    """The best proposal."""
    against_control: Margin
    control_gain: Margin | None
    """Loss before the race minus the control's after it, over the same rows; `None` where the rows are not known."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether there is a next round, and with which changes."""

    verdict: Verdict
    proposal: str
    who: str
    reason: str
    next_round: bool
    changes: dict[str, Scalar] = field(default_factory=dict)
    start: Start = "best"


def by_race(proposals: Sequence[Proposal], result: RaceResult | None) -> Decision:
    """`auto`: adopt what the race confirmed; go on unchanged while that still gains; else stop."""
    if result is None:
        return Decision("rejected", proposals[0].id, "auto", "not measured: there was no race", False)
    winner = next(one for one in proposals if one.id == result.winner)
    against, gain = result.against_control, result.control_gain
    said = f"margin over the control {against.mean:+.4f} ± {against.standard_error:.4f}"
    if against.convincing:
        return Decision("accepted", winner.id, "auto", said, True, dict(winner.changes), winner.start)
    if gain is not None and gain.convincing:
        reason = f"{said}: within the noise; the unchanged settings still gain {gain.mean:.4f}"
        return Decision("rejected", winner.id, "auto", reason, True)
    return Decision("rejected", winner.id, "auto", f"{said}, and the unchanged settings no longer gain", False)


def by_trial(proposal: Proposal) -> Decision:
    """Where a race would take too much of what is left: the round is the trial, and the best checkpoint so far stays
    the best unless validation says otherwise at its end."""
    reason = "too little is left for a race: the round itself is the trial, the best so far stands until it is beaten"
    return Decision("accepted", proposal.id, "auto", reason, True, dict(proposal.changes), proposal.start)


def by_measurement(proposal: Proposal) -> Decision:
    """A proposal that is itself what was measured."""
    return Decision("accepted", proposal.id, "auto", proposal.reason, True, dict(proposal.changes), proposal.start)


def by_person(proposals: Sequence[Proposal], answer: Decide) -> Decision:
    """`ask`: the person's word, edits included; a change of their own where no proposal has that id."""
    chosen = next((one for one in proposals if one.id == answer.proposal), None)
    name = chosen.id if chosen else answer.proposal
    if answer.finish:
        return Decision("rejected", name, answer.who, "no further round", False)
    if not answer.accept:
        return Decision("rejected", name, answer.who, "the next round keeps the settings", True)
    proposed = chosen.changes if chosen else {}
    start: Start = chosen.start if chosen else "best"
    if answer.changes is not None and answer.changes != proposed:
        return Decision("edited", name, answer.who, "", True, dict(answer.changes), start)
    return Decision("accepted", name, answer.who, "", True, dict(proposed), start)

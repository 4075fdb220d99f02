"""Refinement: what the curves say, what is proposed, what probes measured, and the rounds so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.protocol.events import Finding, Proposal, RoundEnded
from msopt_tui.state.numbers import significant
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.panes.race import race_lines, rate_test_lines
from msopt_tui.ui.widgets.lines import Words, wrap

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


class FindingsPane(TextPane):
    """The latest diagnosis first, then proposals, probes and rounds."""

    PANE = "findings"
    TITLE = "refine"

    def looks_at(self, state: RunState) -> object:
        """Everything that refinement left."""
        phase = state.phases["refine"]
        under_way = (phase.status, phase.done, phase.detail)
        return tuple(state.findings), tuple(state.proposals), len(state.probes), tuple(state.rounds), under_way

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """Nothing yet, or the story of the rounds."""
        lines: list[Words] = _under_way(state)
        count = len(state.proposals)
        if count:
            waiting = "a proposal waits" if count == 1 else f"{count} proposals wait"
            lines.append([(f"{waiting} for your decision", "warn")])
        for proposal in state.proposals:
            lines += proposal_lines(state, proposal, width)
        for finding in state.findings:
            lines += finding_lines(finding, width)
        lines += race_lines(state.probes)
        if state.rate_test is not None:
            lines += rate_test_lines(state.rate_test)
        lines += [_round_words(one) for one in reversed(state.rounds)]
        return lines or [[("no round has ended yet", "muted")]]


def _under_way(state: RunState) -> list[Words]:
    """Who runs in the race now, and how far."""
    phase = state.phases["refine"]
    if phase.status != "running" or not phase.total:
        return []
    filled = round(20 * min(phase.done / phase.total, 1.0))
    bar: Words = [("━" * filled, "accent"), ("─" * (20 - filled), "muted")]
    return [[(f"{phase.detail} ", "strong"), *bar, (f" {phase.done}/{phase.total} {phase.unit}", "muted")]]


def finding_lines(finding: Finding, width: int) -> list[Words]:
    """Kind and confidence, then the evidence."""
    filled = round(finding.confidence * 10)
    head: Words = [
        (finding.kind, "strong"),
        (f"  {'━' * filled}", "accent"),
        ("─" * (10 - filled), "muted"),
        (f" {finding.confidence:.0%} sure", "muted"),
    ]
    lines = [head]
    lines += [[(f"  {line}", "")] for line in wrap(finding.evidence, width - 2)]
    return lines


def proposal_lines(state: RunState, proposal: Proposal, width: int) -> list[Words]:
    """Title, changes with the value in force, reason and expected effect."""
    lines: list[Words] = [[(line, "strong")] for line in wrap(proposal.title, width)]
    for name, value in proposal.changes.items():
        now = state.settings.get(name, "–")
        if value == now:
            continue
        lines.append([(f"  ✎ {name}: ", ""), (f"{now} ", "muted"), ("→ ", "muted"), (str(value), "accent")])
    if proposal.start == "fresh":
        lines.append([("  ↺ from the initial weights", "")])
    for label, text in (("because ", proposal.reason), ("expected ", proposal.expected), ("costs ", proposal.cost)):
        if text:
            first, *rest = wrap(text, max(width - 11, 8))
            lines.append([(f"  {label:<9}", "muted"), (first, "")])
            lines += [[(" " * 11, ""), (line, "")] for line in rest]
    return lines


def _round_words(one: RoundEnded) -> Words:
    held = f" (held out {significant(one.holdout_loss)})" if one.holdout_loss is not None else ""
    best = f" · best loss {significant(one.best_loss)} at step {one.best_step:,}" if one.best_step is not None else ""
    return [(f"round {one.round}", "title"), (f" ended at {one.step:,}: {one.reason}{best}{held}", "")]

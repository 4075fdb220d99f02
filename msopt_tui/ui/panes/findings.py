"""Refinement: what the curves say, what is proposed, what probes measured, and the rounds so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.protocol.events import Finding, Probed, Proposal, RoundEnded
from msopt_tui.state.numbers import significant
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Words, wrap

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


class FindingsPane(TextPane):
    """The latest diagnosis first, then proposals, probes and rounds."""

    PANE = "findings"
    TITLE = "refine"

    def looks_at(self, state: RunState) -> object:
        """Everything that refinement left."""
        return tuple(state.findings), tuple(state.proposals), len(state.probes), tuple(state.rounds)

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """Nothing yet, or the story of the rounds."""
        lines: list[Words] = []
        for proposal in state.proposals:
            lines.append([("waits for your decision", "warn")])
            lines += proposal_lines(state, proposal, width)
        for finding in state.findings:
            lines += finding_lines(finding, width)
        lines += [probe_words(probe) for probe in state.probes]
        lines += [_round_words(one) for one in reversed(state.rounds)]
        return lines or [[("no round has ended yet", "muted")]]


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
        lines.append([(f"  ✎ {name}: ", ""), (f"{now} ", "muted"), ("→ ", "muted"), (str(value), "accent")])
    for label, text in (("because ", proposal.reason), ("expected ", proposal.expected)):
        if text:
            first, *rest = wrap(text, max(width - 11, 8))
            lines.append([(f"  {label:<9}", "muted"), (first, "")])
            lines += [[(" " * 11, ""), (line, "")] for line in rest]
    return lines


def probe_words(probe: Probed) -> Words:
    """`probe lr-half  40 steps  loss 2.31  margin +0.012 ± 0.004 better`."""
    words: Words = [
        (f"probe {probe.proposal}", "strong"),
        (f"  {probe.steps} steps  loss {significant(probe.loss)}", ""),
    ]
    if probe.margin is not None:
        error = probe.standard_error or 0.0
        # Two standard errors: what is inside them can't be told from nothing.
        clear = abs(probe.margin) > 2 * error
        verdict = ("better" if probe.margin > 0 else "worse") if clear else "no clear difference"
        role: Role = "good" if clear and probe.margin > 0 else "warn"
        words += [(f"  {probe.margin:+.4f} ± {error:.4f} ", ""), (verdict, role)]
    return words


def _round_words(one: RoundEnded) -> Words:
    best = f" · best loss {significant(one.best_loss)} at step {one.best_step:,}" if one.best_step is not None else ""
    return [(f"round {one.round}", "title"), (f" ended at {one.step:,}: {one.reason}{best}", "")]

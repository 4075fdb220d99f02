"""The proposal dialog: what the round showed, what is proposed and why, what probes measured; a person decides."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from textual import events
from textual.app import ComposeResult

from msopt_tui.protocol.events import Proposal
from msopt_tui.state.run_state import RunState
from msopt_tui.ui.panes.findings import finding_lines, proposal_lines
from msopt_tui.ui.panes.race import race_lines
from msopt_tui.ui.screens.dialog import Dialog
from msopt_tui.ui.widgets.choices import Choice, Choices
from msopt_tui.ui.widgets.lines import LinesView, Words

What = Literal["accept", "edit", "own", "reject", "finish"]


_CHOICES = (
    Choice("accept", "a", "accept", "the next round starts with it"),
    Choice("edit", "e", "edit", "change its values, then accept"),
    Choice("own", "o", "own", "a change of your own instead"),
    Choice("reject", "x", "reject", "the settings stay; the warm-up is at most a tenth of the round"),
    Choice("finish", "f", "finish", "no further round: test the best and export it"),
    Choice("later", "l", "later", "esc; the run waits meanwhile"),
)
_AROUND = 4
"""Lines of the dialog that are neither text nor choices."""


class Verdict(NamedTuple):
    """What the person decided."""

    proposal: Proposal
    what: What


class ProposalDialog(Dialog[Verdict]):
    """Follows the run: probes appear as they end, and it closes when the proposal is off the table."""

    TITLE_TEXT = "refine: your decision"

    def __init__(self, state: RunState) -> None:
        super().__init__()
        self._state = state
        self._at = 0
        self._text = LinesView(id="proposal-text")

    def body(self) -> ComposeResult:
        """The case, then the choices."""
        yield self._text
        yield Choices(_CHOICES)

    def show(self, state: RunState) -> None:
        """Keep up with probes; close when nothing waits any more."""
        self._state = state
        if not state.proposals:
            self.dismiss(None)
        else:
            self._draw()

    def on_mount(self) -> None:
        """Show the first."""
        self._draw()

    def on_resize(self) -> None:
        """Lines depend on the width."""
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Other proposals at the sides; scroll."""
        if event.key in ("left", "right") and len(self._state.proposals) > 1:
            event.stop()
            self._at = (self._at + (1 if event.key == "right" else -1)) % len(self._state.proposals)
            self._draw()
        elif event.key in ("pageup", "pagedown"):
            event.stop()
            self._text.scroll_lines((1 if event.key == "pagedown" else -1) * max(self._text.size.height - 1, 1))

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        """Decided."""
        what = next((one for one in get_args(What) if one == event.name), None)
        self.dismiss(Verdict(self._proposal, what) if what and self._state.proposals else None)

    @property
    def _proposal(self) -> Proposal:
        return self._state.proposals[self._at % len(self._state.proposals)]

    def _draw(self) -> None:
        if not self._state.proposals:
            return
        width = min(max(self.app.size.width - 7, 20), 85)
        lines: list[Words] = []
        for finding in self._state.findings:
            lines += finding_lines(finding, width)
        lines.append([])
        if len(self._state.proposals) > 1:
            lines.append([(f"proposal {self._at + 1} of {len(self._state.proposals)} ", "title"), ("← →", "key")])
        lines += proposal_lines(self._state, self._proposal, width)
        if self._state.probes:
            lines.append([])
            lines += race_lines(self._state.probes)
        lines.append([])
        self._text.styles.height = min(len(lines), max(self.app.size.height - _AROUND - len(_CHOICES), 3))
        self._text.set_lines(lines)

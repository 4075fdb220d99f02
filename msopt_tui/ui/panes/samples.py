"""The samples: what the weights make of the project's prompts, now and at earlier evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.widgets.lines import Words, wrap

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


class SamplesPane(TextPane):
    """Continuations of all prompts at one step."""

    PANE = "samples"
    TITLE = "samples"

    def __init__(self) -> None:
        super().__init__()
        self._back = 0
        """How many evaluations before the latest; stays on its evaluation while new ones come."""
        self._count = 0

    def looks_at(self, state: RunState) -> object:
        """Which samples there are."""
        return len(state.samples), state.samples[-1].step if state.samples else 0

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """Each prompt, then what came of it."""
        self._keep_place(len(state.samples))
        if not state.samples:
            self.subtitle("")
            prompts = state.settings.get("evaluate.prompts")
            return [[("no samples yet" if prompts != "" else "no prompts in [evaluate]", "muted")]]
        at = len(state.samples) - 1 - self._back
        sampled = state.samples[at]
        self.subtitle(f"step {sampled.step:,} · {at + 1} of {len(state.samples)}")
        lines: list[Words] = []
        for sample in sampled.samples:
            if lines:
                lines.append([])
            lines += [[(line, "primary")] for line in wrap(f"› {sample.prompt}", width)]
            lines += [[(line, "")] for line in wrap(sample.text.strip(), width)]
        return lines

    def turn(self, by: int) -> None:
        """Go to later samples (positive) or earlier ones."""
        self._back = min(max(self._back - by, 0), max(self._count - 1, 0))
        self.top = 0
        self.redraw()

    def _keep_place(self, count: int) -> None:
        if self._back and count > self._count:
            self._back += count - self._count
        self._back = min(self._back, max(count - 1, 0))
        self._count = count

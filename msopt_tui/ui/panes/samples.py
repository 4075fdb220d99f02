"""The samples: what the weights make of the project's prompts or of rows, now and at earlier evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.panes.sample_lines import history_lines, sample_lines
from msopt_tui.ui.widgets.lines import Words

if TYPE_CHECKING:
    from msopt_tui.protocol.events import Sampled
    from msopt_tui.state.run_state import RunState


class SamplesPane(TextPane):
    """All samples at one evaluation, or one sample at all of them."""

    PANE = "samples"
    TITLE = "samples"

    def __init__(self) -> None:
        super().__init__()
        self._back = 0
        """How many evaluations before the latest; stays on its evaluation while new ones come."""
        self._count = 0
        self._is_history = False
        """Whether one sample is shown at all evaluations."""
        self._sample = 0
        """Which one: its place among the samples of the evaluation that was shown."""
        self._starts: list[int] = []
        """The line that each sample begins at."""

    def looks_at(self, state: RunState) -> object:
        """Which samples there are."""
        return len(state.samples), state.samples[-1].step if state.samples else 0

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """Each prompt, then what came of it."""
        self._keep_place(len(state.samples))
        if not state.samples:
            self.subtitle("")
            return [[(_why_none(state), "muted")]]
        at = len(state.samples) - 1 - self._back
        sampled = state.samples[at]
        if self._is_history and sampled.samples:
            return self._over_steps(state, sampled, width)
        self.subtitle(f"step {sampled.step:,} · {at + 1} of {len(state.samples)}")
        lines: list[Words] = []
        self._starts = []
        for sample in sampled.samples:
            lines += [[]] if lines else []
            self._starts.append(len(lines))
            lines += sample_lines(sample, width)
        return lines

    def turn(self, by: int) -> None:
        """Go to later samples (positive) or earlier ones; where one is shown over the steps, to the next one."""
        if self._is_history:
            self._sample = max(self._sample + by, 0)
        else:
            self._back = min(max(self._back - by, 0), max(self._count - 1, 0))
        self.top = 0
        self.redraw()

    def toggle_history(self) -> None:
        """The sample at the top of the view at all evaluations, or all samples at one evaluation again."""
        self._is_history = not self._is_history
        if self._is_history:
            self._sample = max(sum(start <= self.top for start in self._starts) - 1, 0)
        self.top = 0
        self.redraw()
        if not self._is_history and self._sample < len(self._starts):
            self.scroll_lines(self._starts[self._sample])

    def _over_steps(self, state: RunState, sampled: Sampled, width: int) -> Sequence[Words]:
        self._sample = min(self._sample, len(sampled.samples) - 1)
        self.subtitle(f"sample {self._sample + 1} of {len(sampled.samples)} · all steps")
        return history_lines(sampled.samples[self._sample], state.samples, width)

    def _keep_place(self, count: int) -> None:
        if self._back and count > self._count:
            self._back += count - self._count
        self._back = min(self._back, max(count - 1, 0))
        self._count = count


def _why_none(state: RunState) -> str:
    """Language models continue prompts; other tasks answer rows of the data, whatever the prompts are."""
    continues = state.settings.get("task.name", "causal-lm") == "causal-lm"
    is_without = state.settings.get("evaluate.prompts") in ("", "[]")
    return "no prompts in [evaluate]" if continues and is_without else "no samples yet"

"""The banner under the strip: how a run ended, or that its engine is lost, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.protocol.events import RunEnded
from msopt_tui.state.figures import figures, leading
from msopt_tui.state.numbers import duration
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import LinesView, Words

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

_LOOKS: dict[str, tuple[str, Role]] = {
    "completed": ("✓", "good"),
    "stopped": ("■", "warn"),
    "cancelled": ("✗", "warn"),
    "failed": ("✗", "bad"),
}


class Banner(LinesView):
    """No higher than it has lines; not there at all while the run goes on."""

    DEFAULT_CSS = "Banner { height: 0; background: $surface; padding: 0 1; }"
    HAS_BAR = False

    def show_lines(self, lines: list[Words]) -> None:
        """Show these lines; the screen is laid out anew only when their number changes."""
        if len(lines) != len(self.lines):
            self.styles.height = len(lines)
        self.set_lines(lines)


def ended_lines(state: RunState, ended: RunEnded, run_dir: Path, keys: Keys, can_resume: bool) -> list[Words]:
    """How it ended; the figures that count; where the model is, or the traceback; what can be done."""
    glyph, role = _LOOKS[ended.status]
    took = f" after {duration(ended.time - state.first_started)}" if state.first_started else ""
    lines: list[Words] = [[(f"{glyph} {ended.status}", role), (f" at step {ended.step:,}{took}", "strong")]]
    if ended.reason:
        lines[0].append((f" · {ended.reason}", "bad" if ended.status == "failed" else "muted"))
    if state.best is not None:
        words: Words = [
            ("  best ", "muted"),
            (f"★ {_figures(state, state.best.metrics)}", "good"),
            (f" at step {state.best.step:,}", ""),
        ]
        if state.test is not None:
            words += [("   test ", "muted"), (_figures(state, state.test.metrics), "accent")]
        lines.append(words)
    if ended.model:
        lines.append([("  model ", "muted"), (str(run_dir / ended.model), ""), ("   for from_pretrained", "muted")])
    if ended.status == "failed":
        lines.append([("  the traceback is at the end of ", "muted"), (str(run_dir / "output.log"), "")])
    return [*lines, _ways_on(keys, can_resume, state, went_wrong=ended.status == "failed")]


def lost_lines(state: RunState, reason: str, run_dir: Path, keys: Keys, can_resume: bool) -> list[Words]:
    """That the engine is gone, why, and what can be done."""
    return [
        [("✗ the engine is gone", "bad"), (f" · {reason or 'it ended without a word'}", "")],
        [("  its last words, if any, are in ", "muted"), (str(run_dir / "output.log"), "")],
        _ways_on(keys, can_resume, state, went_wrong=True),
    ]


def _figures(state: RunState, metrics: dict[str, float | None]) -> str:
    return figures(leading(metrics, state.settings.get("evaluate.metric_for_best_model")))


def _ways_on(keys: Keys, can_resume: bool, state: RunState, *, went_wrong: bool) -> Words:
    words: Words = [("  ", "")]
    if went_wrong:
        words += [(keys.key_of("postmortem"), "key"), (" what went wrong   ", "")]
    if can_resume:
        latest = max(state.checkpoints, default=None)
        words += [
            (keys.key_of("resume"), "key"),
            (f" resume from {f'step {latest:,}' if latest else 'the start'}   ", ""),
        ]
    return [*words, (keys.key_of("history"), "key"), (" all runs   ", ""), (keys.key_of("quit"), "key"), (" leave", "")]

"""The banner under the strip: how a run ended, or that its engine is lost, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.protocol.events import RunEnded
from msopt_tui.state.figures import figures, leading
from msopt_tui.state.numbers import duration
from msopt_tui.ui.keys import Keys
from msopt_tui.ui.path_words import path_in
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import LinesView, Words, words_length

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

_LOOKS: dict[str, tuple[str, Role]] = {
    "completed": ("✓", "good"),
    "stopped": ("■", "warn"),
    "cancelled": ("✗", "warn"),
    "failed": ("✗", "bad"),
}


SHARE = 4
"""A banner takes one line of the screen in so many at most."""
MARGINS = 2
"""Columns at the sides of a banner."""


class Banner(LinesView):
    """No higher than it has lines; not there at all while the run goes on."""

    DEFAULT_CSS = "Banner { height: 0; background: $surface; padding: 0 1; }"
    HAS_BAR = False

    def show_lines(self, lines: list[Words]) -> None:
        """Show these lines; the screen is laid out anew only when their number changes.

        On a low screen only a quarter of it is theirs: the first ones, which say most, and the last, with the keys.
        """
        most = max(self.screen.size.height // SHARE, 1)
        if len(lines) > most:
            lines = [*lines[: most - 1], lines[-1]] if most > 1 else lines[:1]
        if len(lines) != len(self.lines):
            self.styles.height = len(lines)
        self.set_lines(lines)


def ended_lines(
    state: RunState, ended: RunEnded, run_dir: Path, keys: Keys, can_resume: bool, width: int = 120
) -> list[Words]:
    """How it ended; the figures that count; where the model is, or the traceback; what can be done.

    `width`: cells there are; of paths that need more the end is shown.
    """
    glyph, role = _LOOKS[ended.status]
    head = f" at step {ended.step:,} after {duration(state.seconds)}"
    lines: list[Words] = [[(f"{glyph} {ended.status}", role), (head, "strong")]]
    if ended.reason:
        lines[0].append((f" · {ended.reason}", "bad" if ended.status == "failed" else "muted"))
    if state.best is not None:
        words: Words = [
            ("  best ", "muted"),
            (f"★ {_figures(state, state.best.metrics)}", "good"),
            (f" at step {state.best.step:,}", ""),
        ]
        lines.append(words)
        if state.test is not None:
            test: Words = [("test ", "muted"), (_figures(state, state.test.metrics), "accent")]
            if words_length(words) + words_length(test) + 3 <= width:
                words += [("   ", ""), *test]
            else:
                lines.append([("  ", ""), *test])
    if ended.model:
        lines.append(_path_line("  model ", run_dir / ended.model, "   for from_pretrained", width))
    if ended.status == "failed":
        lines.append(_path_line("  the traceback is at the end of ", run_dir / "output.log", "", width))
    return [*lines, _ways_on(keys, can_resume, state, went_wrong=ended.status == "failed")]


def lost_lines(
    state: RunState, reason: str, run_dir: Path, keys: Keys, can_resume: bool, width: int = 120
) -> list[Words]:
    """That the engine is gone, why, and what can be done; `width` as in `ended_lines`."""
    return [
        [("✗ the engine is gone", "bad"), (f" · {reason or 'it ended without a word'}", "")],
        _path_line("  its last words, if any, are in ", run_dir / "output.log", "", width),
        _ways_on(keys, can_resume, state, went_wrong=True),
    ]


def _path_line(before: str, path: Path, after: str, width: int) -> Words:
    return [(before, "muted"), (path_in(path, width - len(before) - len(after)), ""), (after, "muted")]


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

"""The pipeline strip: five steps, round, speed, time left and status, in one line of any width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msopt_tui.protocol.events import PHASES, Phase
from msopt_tui.state.numbers import compact, duration, significant, units
from msopt_tui.ui.feed import Standing
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import LinesView, Span, Words, words_length

if TYPE_CHECKING:
    from msopt_tui.state.run_state import PhaseState, RunState

STATUS: dict[str, tuple[str, str, Role]] = {
    "reading": ("…", "reading", "muted"),
    "connecting": ("…", "connecting", "muted"),
    "starting": ("○", "starting", "muted"),
    "preparing": ("◔", "preparing", "primary"),
    "running": ("●", "running", "good"),
    "evaluating": ("◆", "evaluating", "accent"),
    "refining": ("⚑", "refining", "accent"),
    "paused": ("‖", "paused", "warn"),
    "deciding": ("?", "your decision", "warn"),
    "stalled": ("⧗", "stalled", "bad"),
    "completed": ("✓", "completed", "good"),
    "stopped": ("■", "stopped", "warn"),
    "cancelled": ("✗", "cancelled", "warn"),
    "failed": ("✗", "failed", "bad"),
    "lost": ("✗", "engine lost", "bad"),
    "no engine": ("■", "interrupted", "warn"),
}
"""Glyph, word and role of each status: never a colour alone."""
_MARKS: dict[str, Span] = {
    "pending": ("·", "muted"),
    "running": ("▶", "accent"),
    "done": ("✓", "good"),
    "skipped": ("–", "muted"),
}
_ALL = 4
"""Facts there are at most."""
_BAR: Span = (" │ ", "muted")


def status_words(state: RunState, standing: Standing, share: float | None = None, doing: str = "") -> Words:
    """Glyph and word of how things stand, preparations by what is `doing`; of the past `share` is read."""
    key = standing if standing in STATUS and not state.over else state.status
    glyph, word, role = STATUS[key]
    word = doing if doing and key == "preparing" else word
    words: Words = [(f"{glyph} {word}", role)]
    if share is not None and key == "reading":
        words.append((f" {share:4.0%}", role))
    if state.saving is not None and state.saving.share is not None:
        words.append((f" ▲ {state.saving.share:3.0%}", "good"))
    if standing == "read only" or (standing == "no engine" and state.over):
        words.append((" · read only", "muted"))
    return words


def pipeline_words(state: RunState, standing: Standing, width: int, share: float | None = None) -> Words:
    """The fullest version of the strip that fits `width` cells."""
    gone = _gone(state, standing)
    versions = [
        (_steps(state, gone, names="all"), _facts(state, gone, _ALL)),
        (_steps(state, gone, names="running"), _facts(state, gone, _ALL)),
        (_steps(state, gone, names="all"), _facts(state, gone, 3)),
        (_steps(state, gone, names="running"), _facts(state, gone, 3)),
        (_steps(state, gone, names="running")[2:], _facts(state, gone, 2)),
        (_steps(state, gone, names="none")[2:], _facts(state, gone, 2)),
        (_steps(state, gone, names="none", of_work=True)[2:], _facts(state, gone, 2)),
        (_steps(state, gone, names="none", of_work=True)[2:], _facts(state, gone, 1)),
        (_steps(state, gone, names="none")[2:], []),
    ]
    for steps, facts in versions:
        told = gone is not None or state.work is None or any(text == state.work.progress_words for text, _ in facts)
        status = status_words(state, standing, share, "" if told or state.work is None else state.work.kind)
        right = [*facts, *status, (" ", "")]
        gap = width - words_length(steps) - words_length(right)
        if gap >= 1:
            return [*steps, (" " * gap, ""), *right]
    tiny: Words = status_words(state, standing, share)
    for piece in (f" {_progress(state)}", f" loss {significant(state.loss)}" if state.loss is not None else ""):
        if words_length(tiny) + len(piece) <= width:
            tiny.append((piece, ""))
    return tiny


def _gone(state: RunState, standing: Standing) -> Span | None:
    """The mark of where the run was when it ended or was lost; `None` while an engine may be at it."""
    if not state.over and standing not in ("lost", "no engine"):
        return None
    glyph, _, role = STATUS[state.status if state.over else standing]
    return glyph, role


def _steps(
    state: RunState, gone: Span | None, names: Literal["all", "running", "none"], *, of_work: bool = False
) -> Words:
    """The five steps; `of_work` leaves out what is told of as work, but for its share."""
    project = state.started.project if state.started else "msopt-tui"
    words: Words = [(f" {project}", "title"), (" │", "muted")]
    for number, phase in enumerate(PHASES, 1):
        now = state.phases[phase]
        running = now.status == "running"
        glyph, role = _MARKS[now.status]
        if running and gone is not None:
            glyph, role = gone
        elif running and state.status == "paused":
            glyph, role = "‖", "warn"
        name = f" {phase}" if names == "all" or (running and names == "running") else ""
        words += [(f" {number}{name} ", "strong" if running else "muted"), (glyph, role)]
        if running and not (of_work and state.work is not None and (phase == "train" or not now.total)):
            words += [(" " + _phase_progress(state, phase, now), "")]
        words += [(" ", "")]
    return words


def _phase_progress(state: RunState, phase: Phase, now: PhaseState) -> str:
    if phase == "train":
        return _progress(state)
    if now.total:
        return f"{now.done / now.total:4.0%}"
    return f"{compact(now.done)} {units(compact(now.done), now.unit)}" if now.done else ""


def _progress(state: RunState) -> str:
    if not state.last_step:
        return ""
    # As wide from the first step to the last, so that nothing to the right of it moves.
    return f"{state.step:>{len(str(state.last_step))}}/{state.last_step}"


def _facts(state: RunState, gone: Span | None, how_many: int) -> Words:
    rounds = state.settings.get("refine.max_rounds", "")
    speed = state.rate.tokens_per_second
    running = state.status in ("running", "evaluating")
    facts: list[str] = []
    if gone is None and state.work is not None:
        facts = state.work.facts
    elif gone is None:
        facts.append(f"ETA {duration(state.eta_seconds if running else None):>7}")
        facts.append(f"{compact(speed) if speed else '–':>5} tok/s")
    if state.round and (state.work is None or gone is not None) and state.settings.get("refine.mode") != "off":
        facts.append(f"round {state.round}/{rounds}" if rounds else f"round {state.round}")
    words: Words = []
    if state.saving is not None and how_many == _ALL and gone is None:
        facts.append(" ".join(reversed(state.saving.facts)))
    for fact in reversed(facts[:how_many]):
        words += [(fact, ""), _BAR]
    return words


class PipelineStrip(LinesView):
    """The strip as a widget, one line high."""

    DEFAULT_CSS = "PipelineStrip { height: 1; background: $panel; }"
    HAS_BAR = False

    def show_run(self, state: RunState, standing: Standing, share: float | None = None) -> None:
        """Bring the strip up to date."""
        self.set_lines([pipeline_words(state, standing, self.size.width, share)])

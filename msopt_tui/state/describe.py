"""Each event as one line of words: for the journal pane, headless output and notifications. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar, cast

from msopt_tui.protocol import events as ev
from msopt_tui.state.figures import figures
from msopt_tui.state.inspection import NOTEWORTHY, percent
from msopt_tui.state.numbers import compact, duration, significant, size
from msopt_tui.state.wrapping import BREAK

LineKind = Literal["run", "phase", "evaluation", "checkpoint", "command", "adjusted", "refine", "warning", "error"]


class Line(NamedTuple):
    """One line of the journal as people read it."""

    time: float
    step: int | None
    kind: LineKind
    text: str


E = TypeVar("E")
Words = tuple[LineKind, int | None, str]
_WORDS: dict[type, Callable[[ev.Event], Words]] = {}


def describe(event: ev.Event) -> Line | None:
    """The line of an event; `None` for those that are not worth one."""
    if not has_line(event):
        return None
    kind, step, text = _WORDS[type(event)](event)
    return Line(event.time, step, kind, text)


def has_line(event: ev.Event) -> bool:
    """Whether an event is worth a line: not where it is too frequent (steps, progress, resources, pieces)."""
    if isinstance(event, ev.PhaseChanged):
        # Rounds and evaluations have lines of their own, and a start says nothing yet.
        return event.phase not in ("train", "evaluate") and event.status != "started"
    return type(event) in _WORDS


def _line(kind: type[E]) -> Callable[[Callable[[E], Words]], Callable[[E], Words]]:
    def register(words: Callable[[E], Words]) -> Callable[[E], Words]:
        _WORDS[kind] = cast("Callable[[ev.Event], Words]", words)
        return words

    return register


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


@_line(ev.EngineStarted)
def _engine_started(e: ev.EngineStarted) -> Words:
    return "run", None, f"engine started (process {e.process}), loading libraries"


@_line(ev.RunStarted)
def _run_started(e: ev.RunStarted) -> Words:
    if e.resumed_from_step is not None:
        return "run", e.resumed_from_step, f"resumed {e.run} from step {e.resumed_from_step}"
    return "run", None, f"started {e.run}"


@_line(ev.PhaseChanged)
def _phase_changed(e: ev.PhaseChanged) -> Words:
    took = duration(e.seconds) if e.status == "finished" else "skipped"
    return "phase", e.step or None, _join(f"{e.phase} {took}", e.detail)


@_line(ev.DataPrepared)
def _data_prepared(e: ev.DataPrepared) -> Words:
    dropped = sum(e.removed.values())
    return (
        "phase",
        None,
        _join(
            "data from the cache" if e.cached else "data prepared",
            f"{sum(e.documents.values())} documents",
            f"{compact(sum(e.tokens.values()))} tokens",
            f"{dropped} dropped" if dropped else "",
        ),
    )


@_line(ev.DataInspected)
def _data_inspected(e: ev.DataInspected) -> Words:
    notable = max(e.truncated, e.unended) >= NOTEWORTHY * e.examples > 0
    return (
        "warning" if notable else "phase",
        None,
        _join(
            f"{e.examples:,} examples, {compact(e.supervised)} targets",
            f"{e.truncated:,} cut ({percent(e.truncated, e.examples)})" if e.truncated else "",
            f"{e.unended:,} without an end ({percent(e.unended, e.examples)})" if e.unended else "",
        ),
    )


@_line(ev.ModelReady)
def _model_ready(e: ev.ModelReady) -> Words:
    return (
        "phase",
        None,
        _join(
            f"{e.architecture} with {compact(e.parameters)} parameters on {e.device}",
            f"{compact(e.trainable)} of them learn" if e.trainable < e.parameters else "",
            e.dtype,
            f"{size(e.bytes)} for weights, gradients and optimiser",
            f"{compact(e.flops_per_token)} FLOPs a token",
        ),
    )


@_line(ev.RoundStarted)
def _round_started(e: ev.RoundStarted) -> Words:
    start = "initial weights" if e.from_step is None else f"weights of step {e.from_step}"
    changes = ", ".join(f"{key} = {value}" for key, value in e.changes.items())
    return "refine", e.step, _join(f"round {e.round} to step {e.last_step} from the {start}", changes)


@_line(ev.Evaluated)
def _evaluated(e: ev.Evaluated) -> Words:
    where = "TEST" if e.split == "test" else e.split
    return "evaluation", e.step, _join(f"{where}: {figures(e.metrics)}", e.reason, "best so far" if e.best else "")


@_line(ev.CheckpointSaved)
def _checkpoint_saved(e: ev.CheckpointSaved) -> Words:
    return "checkpoint", e.step, _join(f"checkpoint {e.step} saved", size(e.bytes), duration(e.seconds), e.reason)


@_line(ev.CheckpointRemoved)
def _checkpoint_removed(e: ev.CheckpointRemoved) -> Words:
    return "checkpoint", e.step, f"checkpoint {e.step} removed (train.save_total_limit)"


@_line(ev.CheckpointFailed)
def _checkpoint_failed(e: ev.CheckpointFailed) -> Words:
    return "error", e.step, f"checkpoint {e.step} could not be saved: {e.error}"


@_line(ev.CommandRequested)
def _command_requested(e: ev.CommandRequested) -> Words:
    return "command", None, _join(f"{e.command} requested by {e.who}", e.detail)


@_line(ev.CommandApplied)
def _command_applied(e: ev.CommandApplied) -> Words:
    # What a prompt was answered is a line of its own.
    detail = "" if e.command == "ask" else e.detail
    return "command", e.step, _join(f"{e.command} applied at step {e.step}", detail)


@_line(ev.CommandRefused)
def _command_refused(e: ev.CommandRefused) -> Words:
    return "warning", None, f"{e.command} refused: {e.reason}"


@_line(ev.Adjusted)
def _adjusted(e: ev.Adjusted) -> Words:
    return "adjusted", e.step, _join(f"{e.setting}: {e.old} → {e.new}", f"by {e.who}", e.why)


@_line(ev.RolledBack)
def _rolled_back(e: ev.RolledBack) -> Words:
    return "warning", e.step, f"rolled back to the weights of step {e.from_step} by {e.who}: {e.reason}"


@_line(ev.Answered)
def _answered(e: ev.Answered) -> Words:
    cut = " … (cancelled)" if e.cancelled else ""
    said = f"{e.file}: {figures(e.metrics)}" if e.file else f"{e.prompt} → {e.text}{cut}"
    return "evaluation", e.step, said.replace("\n", BREAK)


@_line(ev.CheckpointPinned)
def _checkpoint_pinned(e: ev.CheckpointPinned) -> Words:
    return "checkpoint", e.step, f"checkpoint {e.step} {'pinned' if e.pinned else 'no longer pinned'}"


@_line(ev.Paused)
def _paused(e: ev.Paused) -> Words:
    return "command", e.step, f"paused at step {e.step}: {e.reason}"


@_line(ev.Continued)
def _continued(e: ev.Continued) -> Words:
    return "command", e.step, "going on"


@_line(ev.Diagnosed)
def _diagnosed(e: ev.Diagnosed) -> Words:
    said = "; ".join(f"{finding.kind} ({finding.confidence:.0%}): {finding.evidence}" for finding in e.findings)
    return "refine", e.step, f"diagnosis of round {e.round}: {said or 'nothing to go by'}"


@_line(ev.Proposed)
def _proposed(e: ev.Proposed) -> Words:
    said = "; ".join(f"proposal: {one.title}, because {one.reason}" for one in e.proposals)
    return "refine", e.step, said or "no proposal"


@_line(ev.RateTested)
def _rate_tested(e: ev.RateTested) -> Words:
    said = f"suggests {e.suggested:g}" if e.suggested is not None else "says nothing"
    return "refine", e.step, f"range test over {len(e.rates)} rates up to {max(e.rates, default=0.0):.2g} {said}"


@_line(ev.Probed)
def _probed(e: ev.Probed) -> Words:
    gain = ""
    if e.margin is not None:
        gain = f"margin {e.margin:+.4f} ± {e.standard_error or 0.0:.4f}"
    out = "out of the race" if e.eliminated else ""
    text = _join(f"probe of {e.proposal}, {e.steps} steps: loss {significant(e.loss)}", gain, out)
    return "refine", e.from_step, text


@_line(ev.Decided)
def _decided(e: ev.Decided) -> Words:
    changes = ", ".join(f"{key} = {value}" for key, value in e.changes.items())
    return "refine", None, _join(f"{e.decision} by {e.who}", changes, e.reason)


@_line(ev.RoundEnded)
def _round_ended(e: ev.RoundEnded) -> Words:
    best = f"best loss {significant(e.best_loss)} at step {e.best_step}" if e.best_step is not None else ""
    return "refine", e.step, _join(f"round {e.round} ended: {e.reason}", best)


@_line(ev.Noted)
def _noted(e: ev.Noted) -> Words:
    kinds: dict[str, LineKind] = {"info": "run", "warning": "warning", "error": "error"}
    return kinds[e.level], e.step, e.text


@_line(ev.Alerted)
def _alerted(e: ev.Alerted) -> Words:
    return "warning", e.step, f"alert: {e.text}"


@_line(ev.Stalled)
def _stalled(e: ev.Stalled) -> Words:
    text = (
        f"stalled: no progress for {duration(e.seconds)} while {e.doing}; the stacks of all threads are in output.log"
    )
    return "error", e.step, text


@_line(ev.StallEnded)
def _stall_ended(e: ev.StallEnded) -> Words:
    return "warning", e.step, f"goes on after {duration(e.seconds)} without progress"


@_line(ev.RunEnded)
def _run_ended(e: ev.RunEnded) -> Words:
    return (
        "error" if e.status == "failed" else "run",
        e.step,
        _join(f"run {e.status}", e.reason, f"model in {e.model}/" if e.model else ""),
    )

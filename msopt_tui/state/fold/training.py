"""Data, model, rounds, steps and what they leave: curves, figures, samples, checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.protocol import events as ev
from msopt_tui.state.evaluations import EvaluationLines, Head
from msopt_tui.state.fold.table import handles
from msopt_tui.state.parts import Answering

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


@handles(ev.DataPrepared)
def _data_prepared(state: RunState, event: ev.DataPrepared) -> None:
    state.data = event


@handles(ev.DataInspected)
def _data_inspected(state: RunState, event: ev.DataInspected) -> None:
    state.inspection = event


@handles(ev.ModelReady)
def _model_ready(state: RunState, event: ev.ModelReady) -> None:
    state.model = event


@handles(ev.RoundStarted)
def _round_started(state: RunState, event: ev.RoundStarted) -> None:
    if event.round > 1 and event.round != state.round:
        state.marks.add("round", event.step)
    state.round = event.round
    state.round_first_step = event.step
    state.last_step = event.last_step
    state.probes = []
    state.proposals = []
    for name, value in event.changes.items():
        state.put(name, value)


@handles(ev.StepsDone)
def _steps_done(state: RunState, event: ev.StepsDone) -> None:
    state.work = None
    state.losses.extend(event.first, event.losses)
    state.grad_norms.extend(event.first, event.grad_norms)
    state.learning_rates.extend(event.first, event.learning_rates)
    state.step = event.first + len(event.losses) - 1
    state.tokens += event.tokens
    state.train_seconds += event.seconds
    state.spent.train(event.seconds)
    state.clock.add(event.first, len(event.losses), event.tokens, event.seconds, _epochs(state, event))
    state.rate.add(len(event.losses), event.tokens, event.seconds, event.split)


def _epochs(state: RunState, event: ev.StepsDone) -> float:
    """Passes over the training split in these steps: by rows where they were counted, else by tokens."""
    if state.data is None:
        return 0.0
    rows = state.data.examples.get("train", 0)
    batch = state.settings.get("train.per_device_train_batch_size")
    times = state.settings.get("train.gradient_accumulation_steps")
    if rows and isinstance(batch, int) and isinstance(times, int):
        return len(event.losses) * batch * times / rows
    return event.tokens / max(state.data.tokens.get("train", 0), 1) if state.data.tokens.get("train") else 0.0


@handles(ev.Evaluated)
def _evaluated(state: RunState, event: ev.Evaluated) -> None:
    fold_evaluations(state, [event])


def fold_evaluations(state: RunState, events: Sequence[ev.Evaluated]) -> None:
    """Fold in evaluations that came one after the other: of a long past thousands do."""
    heads: Sequence[Head | ev.Evaluated] = events.heads if isinstance(events, EvaluationLines) else events
    of_test = [at for at, one in enumerate(heads) if one.split == "test"]
    state.test = events[of_test[-1]] if of_test else state.test
    of_run = [at for at, one in enumerate(heads) if one.split != "test" and one.reason != "probe"]
    if not of_run:
        return
    state.evaluations.extend(events if len(of_run) == len(events) else [events[at] for at in of_run])
    state.evaluation_seconds = heads[of_run[-1]].seconds
    best = [at for at in of_run if heads[at].best]
    state.best = events[best[-1]] if best else state.best
    state.marks.add("best", *(heads[at].step for at in best))
    state.marks.add("evaluation", *(heads[at].step for at in of_run if not heads[at].best))


@handles(ev.Sampled)
def _sampled(state: RunState, event: ev.Sampled) -> None:
    state.samples.append(event)


@handles(ev.CheckpointSaved)
def _checkpoint_saved(state: RunState, event: ev.CheckpointSaved) -> None:
    state.checkpoints[event.step] = event
    state.saving = None
    state.marks.add("checkpoint", event.step)


@handles(ev.CheckpointRemoved)
def _checkpoint_removed(state: RunState, event: ev.CheckpointRemoved) -> None:
    state.checkpoints.pop(event.step, None)


@handles(ev.CheckpointFailed)
def _checkpoint_failed(state: RunState, event: ev.CheckpointFailed) -> None:
    state.saving = None


@handles(ev.CheckpointPinned)
def _checkpoint_pinned(state: RunState, event: ev.CheckpointPinned) -> None:
    (state.pinned.add if event.pinned else state.pinned.discard)(event.step)


@handles(ev.Answered)
def _answered(state: RunState, event: ev.Answered) -> None:
    state.answers.append(event)
    state.work = None
    state.answering = None


@handles(ev.AnswerGrew)
def _answer_grew(state: RunState, event: ev.AnswerGrew) -> None:
    before = state.answering.text if state.answering and state.answering.id == event.id else ""
    state.answering = Answering(event.id, before[: event.kept] + event.text)


@handles(ev.RolledBack)
def _rolled_back(state: RunState, event: ev.RolledBack) -> None:
    state.marks.add("rollback", event.step)


@handles(ev.ResourcesSampled)
def _resources_sampled(state: RunState, event: ev.ResourcesSampled) -> None:
    state.resources.append(event)
    state.energy.add(event)

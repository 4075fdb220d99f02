"""What the journal says was done after the checkpoint that a run is resumed from, to be done again at its step.

A checkpoint can be older than the latest intervention. Without this, an adjustment made between the two would be lost
by a crash, and the resumed run would be another one than the person saw. A run resumed twice has done some of them
twice, with the same values: taking the union is right.
"""

from __future__ import annotations

from collections.abc import Iterable

from msopt_tui.protocol import events as ev


class Replay:
    """Interventions by the step at which they took effect. An empty one for a fresh run."""

    def __init__(self, events: Iterable[ev.Event] = (), from_step: int = 0, *, whole: bool = False) -> None:
        """Of a `whole` run everything is done again from its beginning, not only what came after a checkpoint."""
        self._whole = whole
        self._adjusted: dict[int, list[ev.Adjusted]] = {}
        self._evaluations: set[int] = set()
        self._saves: set[int] = set()
        self._round_ends: dict[int, int] = {}
        self._rounds: dict[int, ev.RoundStarted] = {}
        self._rollbacks: dict[int, ev.RolledBack] = {}
        self.horizon = 0
        """Step up to which everything has been lived through before: whatever was decided until then is in here."""
        for event in events:
            self._take(event, from_step)

    def _take(self, event: ev.Event, from_step: int) -> None:
        if isinstance(event, ev.StepsDone):
            self.horizon = max(self.horizon, event.first + len(event.losses) - 1)
        elif isinstance(event, ev.CheckpointSaved):
            self._take_checkpoint(event, from_step)
        elif isinstance(event, ev.RolledBack) and event.step >= from_step:
            self._rollbacks[event.step] = event
        elif isinstance(event, ev.Adjusted) and event.step >= from_step:
            self._adjusted.setdefault(event.step, []).append(event)
        elif isinstance(event, ev.Evaluated) and event.reason == "asked" and event.step >= from_step:
            self._evaluations.add(event.step)
        elif isinstance(event, ev.RoundEnded) and event.step > from_step and event.reason == "asked":
            self._round_ends[event.round] = event.step
        elif isinstance(event, ev.RoundStarted) and event.step >= from_step:
            self._rounds[event.round] = event

    def _take_checkpoint(self, event: ev.CheckpointSaved, from_step: int) -> None:
        if event.step == from_step and not self._whole:
            self._forget(from_step)
        elif event.reason in ("asked", "stop") and event.step > from_step:
            self._saves.add(event.step)

    def _forget(self, step: int) -> None:
        """What came before a checkpoint of this step is in it."""
        self._adjusted.pop(step, None)
        self._rollbacks.pop(step, None)
        self._evaluations.discard(step)

    def adjusted_at(self, step: int) -> list[ev.Adjusted]:
        """Adjustments that took effect after `step` optimiser steps; handed out once."""
        return self._adjusted.pop(step, [])

    def next_stop(self, step: int, end: int) -> int:
        """The next step after `step` at which something is to be done again, `end` at the latest."""
        asked = (
            at
            for at in (*self._adjusted, *self._evaluations, *self._saves, *self._rollbacks, *self._round_ends.values())
            if at > step
        )
        return min(asked, default=end) if self else end

    def rollback_at(self, step: int) -> ev.RolledBack | None:
        """What was rolled back after `step` optimiser steps; handed out once."""
        return self._rollbacks.pop(step, None)

    def evaluation_at(self, step: int) -> bool:
        """Whether a person asked for an evaluation here; handed out once."""
        if step in self._evaluations:
            self._evaluations.discard(step)
            return True
        return False

    def save_at(self, step: int) -> bool:
        """Whether a checkpoint was written here out of turn: a rollback may need it; handed out once."""
        if step in self._saves:
            self._saves.discard(step)
            return True
        return False

    @property
    def needed(self) -> set[int]:
        """Checkpoints that are still to be gone back to."""
        rounds = {event.from_step for event in self._rounds.values() if event.from_step is not None}
        return rounds | {event.from_step for event in self._rollbacks.values()}

    def round_end(self, number: int) -> int | None:
        """Step at which a person ended this round early."""
        return self._round_ends.get(number)

    def round_start(self, number: int) -> ev.RoundStarted | None:
        """How this round was begun."""
        return self._rounds.pop(number, None)

    def __bool__(self) -> bool:
        return bool(self._adjusted or self._evaluations or self._round_ends or self._rounds or self._rollbacks)

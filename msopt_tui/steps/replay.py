"""What the journal says was done after the checkpoint that a run is resumed from, to be done again at its step.

A checkpoint can be older than the latest intervention. Without this, an adjustment made between the two would be lost
by a crash, and the resumed run would be another one than the person saw. A run resumed twice has done some of them
twice, with the same values: taking the union is right.

One step can end a round and begin the next, and a race stands between the two: what was done there is kept apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from msopt_tui.protocol import events as ev

At = tuple[int, int]
"""Round and step."""


class Replay:
    """Interventions by the round and step at which they took effect. An empty one for a fresh run."""

    def __init__(self, events: Iterable[ev.Event] = (), from_step: int = 0, *, whole: bool = False) -> None:
        """Of a `whole` run everything is done again from its beginning, not only what came after a checkpoint."""
        self._whole = whole
        self._adjusted: dict[At, list[ev.Adjusted]] = {}
        self._evaluations: set[At] = set()
        self._saves: set[At] = set()
        self._rollbacks: dict[At, ev.RolledBack] = {}
        self._between: dict[int, list[ev.Adjusted]] = {}
        self._round_ends: dict[int, int] = {}
        self._rounds: dict[int, ev.RoundStarted] = {}
        self._last_decided = -1
        self._round, self._is_between = 0, True
        self.horizon = 0
        """Step up to which everything has been lived through before: whatever was decided until then is in here."""
        for event in events:
            self._take(event, from_step)

    def _take(self, event: ev.Event, from_step: int) -> None:
        if isinstance(event, ev.StepsDone):
            self.horizon = max(self.horizon, event.first + len(event.losses) - 1)
        elif isinstance(event, ev.RoundStarted):
            self._begin_round(event, from_step)
        elif isinstance(event, ev.RoundEnded):
            self._is_between = True
            if event.step > from_step and event.reason == "asked":
                self._round_ends[event.round] = event.step
        elif isinstance(event, ev.Decided):
            self._last_decided = self._round if self._is_between else self._last_decided
        elif isinstance(event, ev.CheckpointSaved):
            self._take_checkpoint(event, from_step)
        elif isinstance(event, ev.Adjusted) and self._is_between and event.step >= from_step:
            self._between.setdefault(self._round, []).append(event)
        else:
            self._take_intervention(event, from_step)

    def _take_intervention(self, event: ev.Event, from_step: int) -> None:
        if isinstance(event, ev.RolledBack) and event.step >= from_step:
            self._rollbacks[self._round, event.step] = event
        elif isinstance(event, ev.Adjusted) and event.step >= from_step:
            self._adjusted.setdefault((self._round, event.step), []).append(event)
        elif isinstance(event, ev.Evaluated) and event.reason == "asked" and event.step >= from_step:
            self._evaluations.add((self._round, event.step))

    def _begin_round(self, event: ev.RoundStarted, from_step: int) -> None:
        self._round, self._is_between = event.round, False
        if event.step >= from_step:
            # One that a resume tells of again has no changes any more.
            self._rounds.setdefault(event.round, event)

    def _take_checkpoint(self, event: ev.CheckpointSaved, from_step: int) -> None:
        if event.step == from_step and not self._whole:
            self._forget(from_step)
        elif event.reason in ("asked", "stop") and event.step > from_step:
            self._saves.add((self._round, event.step))

    def _forget(self, step: int) -> None:
        """What came before a checkpoint of this step is in it."""
        at = self._round, step
        self._adjusted.pop(at, None)
        self._rollbacks.pop(at, None)
        self._evaluations.discard(at)
        # A round that had begun by then has taken what was adjusted before it.
        for number in [number for number in self._between if number < self._round]:
            del self._between[number]

    def adjusted_at(self, number: int, step: int) -> list[ev.Adjusted]:
        """Adjustments that took effect in a round after `step` optimiser steps; handed out once."""
        return self._adjusted.pop((number, step), [])

    def adjusted_behind(self, number: int) -> list[ev.Adjusted]:
        """Adjustments between the end of a round and the next one, in a race or a pause for a decision; handed out
        once. Behind round 0 are those before the first."""
        return self._between.pop(number, [])

    def next_stop(self, step: int, end: int) -> int:
        """The next step after `step` at which something is to be done again, `end` at the latest."""
        dated = (*self._adjusted, *self._evaluations, *self._saves, *self._rollbacks)
        asked = (at for at in (*(at for _, at in dated), *self._round_ends.values()) if at > step)
        return min(asked, default=end) if self else end

    def rollback_at(self, number: int, step: int) -> ev.RolledBack | None:
        """What was rolled back in a round after `step` optimiser steps; handed out once."""
        return self._rollbacks.pop((number, step), None)

    def evaluation_at(self, number: int, step: int) -> bool:
        """Whether a person asked for an evaluation here; handed out once."""
        return _handed_out(self._evaluations, (number, step))

    def save_at(self, number: int, step: int) -> bool:
        """Whether a checkpoint was written here out of turn: a rollback may need it; handed out once."""
        return _handed_out(self._saves, (number, step))

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

    def is_last(self, number: int) -> bool:
        """Whether the repeated run decided behind this round that no other follows."""
        return self._whole and self._last_decided == number

    def __bool__(self) -> bool:
        return bool(self._adjusted or self._evaluations or self._round_ends or self._rounds or self._rollbacks)


def _handed_out(dated: set[At], at: At) -> bool:
    if at not in dated:
        return False
    dated.discard(at)
    return True

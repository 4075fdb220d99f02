"""What people and refinement ask for, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msopt_tui.protocol import events as ev
from msopt_tui.state.fold.table import handles
from msopt_tui.state.parts import CommandState

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


@handles(ev.CommandRequested)
def _command_requested(state: RunState, event: ev.CommandRequested) -> None:
    state.commands[event.id] = CommandState(event.command, event.detail, event.who)


@handles(ev.CommandApplied)
def _command_applied(state: RunState, event: ev.CommandApplied) -> None:
    command = state.commands.setdefault(event.id, CommandState(event.command, event.detail, ""))
    command.status, command.step, command.answer = "applied", event.step, event.detail


@handles(ev.CommandRefused)
def _command_refused(state: RunState, event: ev.CommandRefused) -> None:
    command = state.commands.setdefault(event.id, CommandState(event.command, "", ""))
    command.status, command.answer = "refused", event.reason
    if state.answering is not None and state.answering.id == event.id:
        state.answering = None


@handles(ev.Adjusted)
def _adjusted(state: RunState, event: ev.Adjusted) -> None:
    state.put(event.setting, event.new)
    state.marks.add("adjusted", event.step)
    if event.setting == "train.max_steps" and isinstance(event.new, int) and event.new > 0:
        state.last_step = state.round_first_step + event.new


@handles(ev.Diagnosed)
def _diagnosed(state: RunState, event: ev.Diagnosed) -> None:
    state.findings = event.findings


@handles(ev.Proposed)
def _proposed(state: RunState, event: ev.Proposed) -> None:
    state.proposals = event.proposals
    state.work = None
    state.status = "deciding"
    state.spent.enter("idle", event.time)


@handles(ev.RateTested)
def _rate_tested(state: RunState, event: ev.RateTested) -> None:
    state.rate_test = event


@handles(ev.Probed)
def _probed(state: RunState, event: ev.Probed) -> None:
    state.probes.append(event)


@handles(ev.Decided)
def _decided(state: RunState, event: ev.Decided) -> None:
    if state.proposals:
        state.spent.leave("idle", event.time)
    state.proposals = []
    state.status = "refining"


@handles(ev.RoundEnded)
def _round_ended(state: RunState, event: ev.RoundEnded) -> None:
    state.rounds.append(event)

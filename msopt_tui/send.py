"""`msopt-tui send RUN …`: the same door as the keys, for scripts: one command sent, its answer printed."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from msopt_tui.arguments import UsageError
from msopt_tui.config.fields import Scalar, nearest
from msopt_tui.link.base import EngineLink, LinkClosed
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol.codec import encode_line
from msopt_tui.protocol.events import CommandApplied, CommandRefused, Event, RunEnded
from msopt_tui.state.run_state import RunState
from msopt_tui.state.text import clean

POLL_SECONDS = 0.05
EXIT_REFUSED = 1

SIMPLE: dict[str, Callable[[], cmd.Command]] = {
    "continue": cmd.Continue,
    "evaluate": cmd.Evaluate,
    "save": cmd.Save,
    "refine": cmd.Refine,
    "undo": cmd.Undo,
    "stop": cmd.Stop,
}
NUMBERED: dict[str, Callable[[int], cmd.Command]] = {
    "pause": lambda step: cmd.Pause(at_step=step),
    "step": lambda steps: cmd.Step(steps=steps),
    "until": lambda step: cmd.Until(step=step),
    "pin": lambda step: cmd.Pin(step=step),
    "unpin": lambda step: cmd.Pin(step=step, keep=False),
    "rollback": lambda step: cmd.RollBack(step=step),
}
"""What takes a step, or a number of them."""
ALONE: dict[str, Callable[[], cmd.Command]] = {
    "pause": cmd.Pause,
    "step": cmd.Step,
    "pin": cmd.Pin,
    "unpin": lambda: cmd.Pin(keep=False),
}
"""Those of them that also make sense without one."""
TEXTS: dict[str, Callable[[str], cmd.Command]] = {
    "evaluate": lambda text: cmd.Evaluate(file=str(Path(text).expanduser().absolute())),
    "ask": lambda text: cmd.Evaluate(prompt=text),
}
"""What takes a file or a text."""
VERBS = (*SIMPLE, *NUMBERED, "ask", "adjust", "accept", "reject", "finish")


def parse(words: Sequence[str], overrides: Sequence[str], why: str = "") -> cmd.Command:
    """The command that is meant: `pause [STEP]`, `ask TEXT`, `adjust table.key=value …`, …; raises UsageError."""
    if not words:
        raise UsageError(f"what is to be sent? one of {', '.join(sorted(VERBS))}")
    verb, *rest = words
    if verb not in VERBS:
        raise UsageError(f"{verb} is no command{nearest(verb, list(VERBS))}")
    if verb in NUMBERED and rest and not (len(rest) == 1 and rest[0].isdecimal()):
        raise UsageError(f"{verb} takes the number of a step, not {' '.join(rest)}")
    if verb == "evaluate" and len(rest) > 1:
        raise UsageError("evaluate takes one file")
    if rest and verb not in (*NUMBERED, *TEXTS):
        raise UsageError(f"{verb} does not take {' '.join(rest)}")
    if not rest and (verb == "ask" or (verb in NUMBERED and verb not in ALONE)):
        raise UsageError(f"{verb} needs {'a text' if verb == 'ask' else 'the number of a step'}")
    if overrides and verb not in ("adjust", "accept"):
        raise UsageError(f"{verb} does not take {overrides[0]}")
    if why and verb != "adjust":
        raise UsageError(f"{verb} does not take --why")
    return msgspec.structs.replace(_command(verb, rest, _changes(overrides), why), who=_user())


def _command(verb: str, rest: Sequence[str], changes: dict[str, Scalar], why: str) -> cmd.Command:
    if verb in NUMBERED:
        return NUMBERED[verb](int(rest[0])) if rest else ALONE[verb]()
    if rest:
        return TEXTS[verb](" ".join(rest))
    if verb == "adjust":
        if not changes:
            raise UsageError("adjust needs table.key=value")
        return cmd.Adjust(changes=changes, why=why)
    if verb in ("accept", "reject", "finish"):
        edited = changes or None
        return cmd.Decide(proposal="", accept=verb == "accept", finish=verb == "finish", changes=edited)
    return SIMPLE[verb]()


def _changes(overrides: Sequence[str]) -> dict[str, Scalar]:
    pairs = (override.partition("=") for override in overrides)
    return {path.strip(): value.strip() for path, _, value in pairs}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "script"


def send_and_wait(link: EngineLink, command: cmd.Command, *, as_json: bool) -> int:
    """Send a command and print its answer; 0 applied, 1 refused or nobody there."""
    state, sent = RunState(), False
    while True:
        for event in link.poll():
            state.apply(event)
            answer = _answer(event, command) if sent else None
            if answer is not None:
                return _print(answer, as_json)
        if link.behind:
            continue
        if link.status in ("ended", "lost", "readonly"):
            print(link.reason or "the run is over", file=sys.stderr)
            return EXIT_REFUSED
        if not sent and link.status == "live":
            if isinstance(command, cmd.Decide):
                waiting = state.proposals[0].id if state.proposals else ""
                command = msgspec.structs.replace(command, proposal=waiting)
            try:
                link.send(command)
            except LinkClosed as error:
                print(error, file=sys.stderr)
                return EXIT_REFUSED
            sent = True
        time.sleep(POLL_SECONDS)


def _answer(event: Event, command: cmd.Command) -> CommandApplied | CommandRefused | RunEnded | None:
    if isinstance(event, CommandApplied | CommandRefused) and event.id == command.id:
        return event
    return event if isinstance(event, RunEnded) else None


def _print(answer: CommandApplied | CommandRefused | RunEnded, as_json: bool) -> int:
    if as_json:
        print(encode_line(answer).decode().rstrip("\n"))
    elif isinstance(answer, CommandApplied):
        detail = f": {answer.detail}" if answer.detail else ""
        print(clean(f"{answer.command} applied at step {answer.step}{detail}"))
    elif isinstance(answer, CommandRefused):
        print(clean(f"{answer.command} refused: {answer.reason}"), file=sys.stderr)
    else:
        print(f"the run ended ({answer.status}) before it was answered", file=sys.stderr)
    return 0 if isinstance(answer, CommandApplied) else EXIT_REFUSED

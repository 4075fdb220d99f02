"""What `undo` takes back, read from the journal: a resumed run knows what was adjusted before it was taken up again."""

from __future__ import annotations

from collections.abc import Iterable

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol.events import Adjusted, CommandApplied, Event


def undoable(events: Iterable[Event]) -> list[dict[str, Scalar]]:
    """The old values of every adjustment that a person made and nobody took back, the latest last.

    What the run changed of its own accord, or made again on a resume, answers no command and is none of them.
    """
    stack: list[dict[str, Scalar]] = []
    since: list[Adjusted] = []
    for event in events:
        if isinstance(event, Adjusted):
            since.append(event)
        elif isinstance(event, CommandApplied):
            own = [one for one in since if f"{one.setting} = {one.new}" in event.detail]
            if event.command == "adjust" and own:
                stack.append({one.setting: one.old for one in own})
            elif event.command == "undo" and stack:
                stack.pop()
            since = []
    return stack

"""Adjustments of the journal, made again."""

from __future__ import annotations

from collections.abc import Iterable

from msopt_tui.protocol.events import Adjusted
from msopt_tui.steps import save
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session


def again(context: RunContext, session: Session, events: Iterable[Adjusted]) -> None:
    """Put in force what was adjusted before, and say so."""
    for event in events:
        save.before_a_change(context, session)
        context.settings.change({event.setting: event.new})
        context.emit(
            Adjusted(
                step=session.step,
                setting=event.setting,
                old=event.old,
                new=event.new,
                who=event.who,
                why=event.why or "replayed after a resume",
            )
        )

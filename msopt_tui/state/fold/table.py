"""The table of the reducer: kind of event to what it does to the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from msopt_tui.protocol import events as ev
    from msopt_tui.state.run_state import RunState

E = TypeVar("E")
HANDLERS: dict[type, Callable[[RunState, ev.Event], None]] = {}
"""Filled by the rooms beside this one; every event has a handler."""


def handles(kind: type[E]) -> Callable[[Callable[[RunState, E], None]], Callable[[RunState, E], None]]:
    """Registers the handler of a kind of event."""

    def register(handler: Callable[[RunState, E], None]) -> Callable[[RunState, E], None]:
        HANDLERS[kind] = cast("Callable[[RunState, ev.Event], None]", handler)
        return handler

    return register

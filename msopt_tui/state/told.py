"""The journal as people read it: the latest lines, put into words when somebody reads them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from msopt_tui.state.describe import describe, has_line

if TYPE_CHECKING:
    from msopt_tui.protocol.events import Event
    from msopt_tui.state.describe import Line

LINES = 5_000
"""As many are kept; whoever wants more reads the journal itself."""


class Told:
    """Events that are worth a line."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=LINES)
        self.count = 0
        """Lines ever, so that a view knows which of them are new."""

    def add(self, event: Event) -> None:
        """Keep an event if it is worth a line."""
        if has_line(event):
            self._events.append(event)
            self.count += 1

    def latest(self, count: int) -> Iterator[Line]:
        """The last so many lines, as far as they are kept, the oldest first."""
        for event in islice(self._events, max(len(self._events) - count, 0), None):
            line = describe(event)
            assert line is not None, "it has one"
            yield line

    def __getstate__(self) -> tuple[int, bytes]:
        return self.count, msgspec.msgpack.encode(list(self._events))

    def __setstate__(self, kept: tuple[Any, ...]) -> None:
        self.count, events = kept
        self._events = deque(_decoder().decode(events), maxlen=LINES)

    def __iter__(self) -> Iterator[Line]:
        return self.latest(len(self._events))

    def __len__(self) -> int:
        return len(self._events)


@cache
def _decoder() -> msgspec.msgpack.Decoder[list[Event]]:
    from msopt_tui.protocol.events import Event

    return msgspec.msgpack.Decoder(list[Event])

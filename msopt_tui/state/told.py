"""The journal as people read it: the latest lines, put into words when somebody reads them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
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
        self._events: deque[Event | bytes] = deque(maxlen=LINES)
        """Some as lines of the journal that are worth one; few are ever read."""
        self.count = 0
        """Lines ever, so that a view knows which of them are new."""

    def extend(self, events: Iterable[Event | bytes]) -> None:
        """Keep those of the events that are worth a line; of lines of the journal that is the caller's word."""
        worth = [event for event in events if isinstance(event, bytes) or has_line(event)]
        self._events += worth
        self.count += len(worth)

    def latest(self, count: int) -> Iterator[Line]:
        """The last so many lines, as far as they are kept, the oldest first."""
        for event in islice(self._events, max(len(self._events) - count, 0), None):
            line = describe(_decoder().decode(event) if isinstance(event, bytes) else event)
            assert line is not None, "it has one"
            yield line

    def __getstate__(self) -> tuple[int, list[bytes]]:
        encode = msgspec.json.encode
        return self.count, [event if isinstance(event, bytes) else encode(event) for event in self._events]

    def __setstate__(self, kept: tuple[Any, ...]) -> None:
        self.count, events = kept
        self._events = deque(events, maxlen=LINES)

    def __iter__(self) -> Iterator[Line]:
        return self.latest(len(self._events))

    def __len__(self) -> int:
        return len(self._events)


@cache
def _decoder() -> msgspec.json.Decoder[Event]:
    from msopt_tui.protocol.events import Event

    return msgspec.json.Decoder(Event)

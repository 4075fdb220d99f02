"""Events from whole lines of a journal, and which of them are torn, damaged or of a newer version."""

from __future__ import annotations

import contextlib
from functools import cache

import msgspec

from msopt_tui.protocol.events import EngineStarted, Event
from msopt_tui.runs.sealed import is_complete, is_doubtful, mended


class LineDecoder:
    """Takes the lines of one journal in their order."""

    def __init__(self) -> None:
        self.skipped = 0
        """Lines that are no event of this version."""
        self.damaged = 0
        """Those of them that were whole once: no engine began behind them, or their checksum is wrong."""
        self._maybe_torn = 0

    def take(self, lines: bytes) -> list[Event]:
        """The events of whole lines; one that is none is counted and left out."""
        each = lines.split(b"\n")
        if not any(map(is_doubtful, each)):
            with contextlib.suppress(ValueError, RecursionError):  # some line in here is bad: below
                return self._known(_decoder().decode_lines(lines))
        # One by one, so that only the bad ones are left out.
        return [event for line in each if line.strip() for event in self._one(line)]

    def _one(self, line: bytes) -> list[Event]:
        content = mended(line) if is_doubtful(line) else line
        try:
            if content is None:
                raise ValueError("its checksum is wrong")
            return self._known([_decoder().decode(content)])
        except (ValueError, RecursionError):
            self.skipped += 1
            if is_complete(line):
                self.damaged += 1
            else:
                self._maybe_torn += 1
            return []

    def _known(self, events: list[Event]) -> list[Event]:
        if self._maybe_torn and events:
            # A line that an engine's death has torn is followed by the next engine's first.
            self.damaged += 0 if isinstance(events[0], EngineStarted) else self._maybe_torn
            self._maybe_torn = 0
        return events


def decode_lines(lines: bytes) -> tuple[list[Event], int]:
    """The events of whole lines, and how many lines are none."""
    decoder = LineDecoder()
    return decoder.take(lines), decoder.skipped


@cache
def _decoder() -> msgspec.json.Decoder[Event]:
    # Takes milliseconds to make, which the first frame of a cockpit does not need to wait for.
    return msgspec.json.Decoder(Event)

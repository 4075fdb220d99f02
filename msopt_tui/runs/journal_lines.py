"""Events from whole lines of a journal, and which of them are torn, damaged or of a newer version."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import TypeVar, Union, cast, get_args

import msgspec

from msopt_tui.protocol.events import EngineStarted, Evaluated, Event
from msopt_tui.runs.sealed import are_sound, is_complete, is_doubtful, mended
from msopt_tui.state.evaluations import EvaluationLines, Head

E = TypeVar("E")


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
        each = _split(lines)
        if are_sound(each) or not any(map(is_doubtful, each)):
            with contextlib.suppress(ValueError, RecursionError):  # some line in here is bad: below
                return self._known(_decoder().decode_lines(lines))
        # One by one, so that only the bad ones are left out.
        return [event for line in each if line.strip() for event in self._one(line)]

    def take_packed(self, lines: bytes) -> list[Event | EvaluationLines]:
        """The same, with the evaluations still as lines: for whoever reads a long past and needs few of them."""
        each = _split(lines)
        if are_sound(each):
            with contextlib.suppress(ValueError, RecursionError):  # some line in here is bad: below
                return self._known(list(_packed(_head_decoder().decode_lines(lines), each)))
        return [*self.take(lines)]

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

    def _known(self, events: list[E]) -> list[E]:
        if self._maybe_torn and events:
            # A line that an engine's death has torn is followed by the next engine's first.
            self.damaged += 0 if isinstance(events[0], EngineStarted) else self._maybe_torn
            self._maybe_torn = 0
        return events


def decode_lines(lines: bytes) -> tuple[list[Event], int]:
    """The events of whole lines, and how many lines are none."""
    decoder = LineDecoder()
    return decoder.take(lines), decoder.skipped


def _split(lines: bytes) -> list[bytes]:
    each = lines.split(b"\n")
    if not each[-1]:
        del each[-1]  # behind the last newline
    return each


def _packed(events: Sequence[Event | Head], lines: Sequence[bytes]) -> Iterator[Event | EvaluationLines]:
    at = 0
    for kind, group in groupby(events, type):
        found = list(group)
        if kind is Head:
            yield EvaluationLines(cast("list[Head]", found), lines[at : at + len(found)])
        else:
            yield from cast("list[Event]", found)
        at += len(found)


@cache
def _head_decoder() -> msgspec.json.Decoder[Event | Head]:
    kinds = [kind for kind in get_args(Event) if kind is not Evaluated]
    return msgspec.json.Decoder(Union[(Head, *kinds)])  # made at run time


@cache
def _decoder() -> msgspec.json.Decoder[Event]:
    # Takes milliseconds to make, which the first frame of a cockpit does not need to wait for.
    return msgspec.json.Decoder(Event)

"""Events and commands as JSON lines. Version 1; a line of an unknown type is skipped with a count, never guessed."""

from __future__ import annotations

import math
from functools import cache

import msgspec

from msopt_tui.protocol.commands import Command
from msopt_tui.protocol.events import Event

VERSION = 1
"""Written to a run's `meta.json`; a reader refuses a newer one."""
MAX_LINE = 1_000_000
"""A line on the control socket longer than this ends the connection (bytes)."""

_encoder = msgspec.json.Encoder()


def encode_line(message: msgspec.Struct) -> bytes:
    """One message as a JSON line with its newline."""
    return _encoder.encode(message) + b"\n"


def decode_event(line: bytes) -> Event:
    """Raises msgspec.DecodeError on a torn, foreign or newer line."""
    return _event_decoder().decode(line)


def decode_command(line: bytes) -> Command:
    """Raises msgspec.DecodeError on anything that is no command of this version."""
    return _command_decoder().decode(line)


# Made on first use: each takes milliseconds that the first frame would wait for.


@cache
def _event_decoder() -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(Event)


@cache
def _command_decoder() -> msgspec.json.Decoder[Command]:
    return msgspec.json.Decoder(Command)


def finite(value: float) -> float | None:
    """`None` for NaN and infinities, which JSON can't hold."""
    return value if math.isfinite(value) else None

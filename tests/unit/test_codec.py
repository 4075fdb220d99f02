from __future__ import annotations

import typing

import msgspec
import pytest

from msopt_tui.protocol import commands, events
from msopt_tui.protocol.codec import decode_command, decode_event, encode_line, finite


def example(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """A message with every required field filled by its type."""
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(kind):
        if field.required:
            values[field.name] = _value(field.type)
    return kind(**values)


def _value(kind: object) -> object:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return arguments[0]
    if origin in (dict, list):
        return origin()
    if arguments:
        return _value(arguments[0])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return example(kind)
    return {int: 3, float: 0.5, str: "x", bool: True}[typing.cast(type, kind)]


@pytest.mark.parametrize("kind", typing.get_args(events.Event))
def test_every_event_survives_its_line(kind: type[msgspec.Struct]) -> None:
    event = example(kind)
    line = encode_line(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_event(line) == event


@pytest.mark.parametrize("kind", typing.get_args(commands.Command))
def test_every_command_survives_its_line(kind: type[msgspec.Struct]) -> None:
    command = example(kind)
    assert decode_command(encode_line(command)) == command


@pytest.mark.parametrize("line", [b"", b"{", b'{"type":"Nothing"}', b"[1,2]", b'{"type":"Adjust"}', b"\xff"])
def test_a_foreign_line_is_an_error_not_a_guess(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_command(line)


def test_what_is_not_finite_is_null() -> None:
    assert [finite(value) for value in (1.5, float("nan"), float("inf"))] == [1.5, None, None]


def test_command_ids_differ() -> None:
    assert len({commands.Pause().id for _ in range(100)}) == 100

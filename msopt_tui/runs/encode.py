"""JSON of our own messages that never fails on foreign text."""

from __future__ import annotations

import msgspec

_encoder = msgspec.json.Encoder()


def encode_json(message: object) -> bytes:
    """A Struct, or plain lists and dictionaries, as JSON without a newline in it.

    A file name that is no valid UTF-8 reaches Python as text with lone surrogates, which JSON can't carry; they
    become `?` here, because a line with a wrong letter is worth more than a line lost.
    """
    try:
        return _encoder.encode(message)
    except UnicodeEncodeError:
        return _encoder.encode(_clean(msgspec.to_builtins(message)))


def _clean(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value

"""One cell of a row as the text, label or turns that a field of a record needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msopt_tui.data.records.record import Message, Role
from msopt_tui.data.sources.rows import BrokenRow, reach

Values = Mapping[str, object]

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
}
"""What data sets call those who speak, and what we call them."""
ROLE_KEYS, CONTENT_KEYS = ("role", "from"), ("content", "value")
"""Under which keys a turn says who speaks and what."""


def text_at(values: Values, column: str) -> str:
    """The text in a column, empty where nothing is there. Raises BrokenRow where something else is."""
    value = reach(values, column)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BrokenRow(f'column "{column}" has {kind_of(value)} where text is meant')
    return value


def label_at(values: Values, column: str) -> str:
    """The name of a class in a column; whole numbers and truth values become text. Raises BrokenRow."""
    value = reach(values, column)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() | int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case list():
            raise BrokenRow(f'column "{column}" has {len(value)} labels where one is meant')
    raise BrokenRow(f'column "{column}" has {kind_of(value)} where a label is meant')


def turns_at(values: Values, column: str) -> list[Message]:
    """The turns of a chat in a column, none where nothing is there. Raises BrokenRow."""
    value = reach(values, column)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BrokenRow(f'column "{column}" has {kind_of(value)} where a list of messages is meant')
    return [_turn(turn, f"{column}.{number}") for number, turn in enumerate(value)]


def prompt_at(values: Values, column: str) -> list[Message]:
    """What was asked: a list of messages, or a text that a user says."""
    if isinstance(reach(values, column), list):
        return turns_at(values, column)
    return [Message("user", text_at(values, column))]


def is_chat(value: object) -> bool:
    """Whether a value is a list of turns."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping) and _key(value[0], ROLE_KEYS) != ""


def says_from(value: object) -> bool:
    """Whether the turns of a chat are in the form of ShareGPT."""
    return is_chat(value) and isinstance(value, list) and "from" in value[0]


def _turn(turn: object, place: str) -> Message:
    if not isinstance(turn, Mapping):
        raise BrokenRow(f"{place} is {kind_of(turn)}, not a message")
    speaker, said = turn.get(_key(turn, ROLE_KEYS)), turn.get(_key(turn, CONTENT_KEYS))
    role = ROLES.get(speaker.lower()) if isinstance(speaker, str) else None
    if role is None:
        raise BrokenRow(f"{place} is said by {speaker!r}: only {', '.join(sorted(set(ROLES)))} are known")
    return Message(role, _content(said, place))


def _content(said: object, place: str) -> str:
    """The text of a turn: one text, or a list of parts that are all text."""
    if said is None:
        return ""
    if isinstance(said, str):
        return said
    if not isinstance(said, list):
        raise BrokenRow(f"{place} says {kind_of(said)} where text is meant")
    texts = []
    for part in said:
        text = part.get("text") if isinstance(part, Mapping) else part
        if not isinstance(text, str):
            what = part.get("type", "something") if isinstance(part, Mapping) else kind_of(part)
            raise BrokenRow(f"{place} has a part that is no text: {what}")
        texts.append(text)
    return "".join(texts)


def _key(turn: Mapping[str, object], keys: Sequence[str]) -> str:
    return next((key for key in keys if key in turn), "")


def kind_of(value: object) -> str:
    """What a value is, in words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
    return "an object"

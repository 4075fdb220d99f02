"""What a name in a filter or an order stands for: a column of the list, a setting, a metric. Pure."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from functools import cache

import msgspec

from msopt_tui.runs.row import RunRow

Value = str | float | int | bool | None
Getter = Callable[[RunRow], Value]

ALIASES = {
    "steps": "step",
    "round": "rounds",
    "best": "best_loss",
    "val_loss": "best_loss",
    "loss/best": "best_loss",
    "train_loss": "loss",
    "test": "test_loss",
    "duration": "seconds",
    "name": "run",
    "task": "task.name",
    "model": "model.architecture",
    "tags": "tag",
    "notes": "note",
}
"""Other names of columns, and the one setting that a table's own name means."""
NUMBERS = ("step", "last_step", "rounds", "loss", "best_loss", "best_step", "test_loss", "seconds", "parameters")
TIMES = ("created", "updated")
TEXTS = ("status", "run", "project", "description", "device", "parent", "host", "reason", "note")
FLAGS = ("pinned", "archived")
OTHERS = ("age", "tag")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@cache
def resolve(name: str) -> str | None:
    """The column, metric or dotted setting that a name means; `None` where it means nothing.

    A setting may be written by the last part of its key, or by another common name of it (`lr`); where tables share
    one, the first table of the project file is meant.
    """
    name = ALIASES.get(name, name)
    if name in (*NUMBERS, *TIMES, *TEXTS, *FLAGS, *OTHERS) or _is_metric(name):
        return name
    return _setting(name)


def names() -> list[str]:
    """Every name that `resolve` knows, other spellings left out."""
    from msopt_tui.config.fields import fields_of, tables
    from msopt_tui.protocol.metrics import METRICS

    settings = [f"{table}.{key}" for table in tables() for key in fields_of(table)]
    return list(dict.fromkeys([*NUMBERS, *TIMES, *TEXTS, *FLAGS, *OTHERS, *METRICS, *settings]))


def getter(field: str, now: float = 0.0) -> Getter:
    """How a resolved field is read from a row; `age` is seconds before `now`."""
    if field == "age":
        return lambda row: now - row.created if row.created > 0 else None
    if field == "tag":
        return lambda row: row.tags.strip() or None
    if field in FLAGS:
        index = RunRow._fields.index(field)
        return lambda row: bool(row[index])
    if field in RunRow._fields:
        index = RunRow._fields.index(field)
        return lambda row: row[index]
    if "." in field:
        return _entry_getter("settings_json", field)
    if _is_metric(field):
        return _entry_getter("metrics_json", field)
    return lambda row: value_of(row, field)


def _entry_getter(column: str, key: str) -> Getter:
    """What `_entry` finds under a whole key, in half the time."""
    name = f'"{key}":'
    skip = len(name)
    json_of: Callable[[RunRow], str] = operator.attrgetter(column)

    def read(row: RunRow) -> Value:
        text = json_of(row)
        at = text.find(name)
        return _value_at(text, at + skip) if at >= 0 else None

    return read


def value_of(row: RunRow, field: str) -> Value:
    """A column, a setting by its dotted key or by the last part of it, or a metric of the best validation."""
    if field in (*NUMBERS, *TIMES, *TEXTS):
        value: Value = getattr(row, field)
        return value
    found = _entry(row.metrics_json, field)
    return _entry(row.settings_json, field) if found is None else found


def number(text: str) -> float | None:
    """A finite number as a person writes it; `None` for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_metric(name: str) -> bool:
    from msopt_tui.protocol.metrics import METRICS

    return name in METRICS


def _setting(name: str) -> str | None:
    from msopt_tui.config.fields import fields_of, find, tables

    if "." in name:
        try:
            return find(name).path
        except KeyError:
            return None
    for table in tables():
        if name in fields_of(table):
            return f"{table}.{name}"
    for table in tables():
        try:
            return find(f"{table}.{name}").path
        except KeyError:
            continue
    return None


def _entry(text: str, key: str) -> Value:
    """The value under a key, or under a dotted key that ends with it, in the JSON text of a flat dictionary.

    Ten thousand rows are searched at every key typed, and decoding each takes twenty times as long. A key is never
    found inside a string, where its closing quote would stand behind a backslash.
    """
    name = f'{key}":'
    at = text.find(name)
    while at > 0 and text[at - 1] not in '".':
        at = text.find(name, at + 1)
    if at < 1:
        return None
    return _value_at(text, at + len(name))


def _value_at(text: str, start: int) -> Value:
    """The scalar that begins there in compact JSON."""
    if text[start] != '"':
        end = text.find(",", start)
        word = text[start : end if end > 0 else -1]
        return _WORDS[word] if word in _WORDS else _json_number(word)
    end = text.find('"', start + 1)
    plain = text[start + 1 : end]
    if "\\" not in plain:
        return plain
    string = _STRING.match(text, start)
    return msgspec.json.decode(string[0], type=str) if string else None


_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}


def _json_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

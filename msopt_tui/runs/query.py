"""Filter and order of the list of runs: what a person types into the filter line, and the columns' keys. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from msopt_tui.runs.row import RunRow

Value = str | float | int | bool | None
Column = Literal["status", "run", "project", "created", "step", "rounds", "best_loss", "test_loss", "seconds"]

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_TERM = re.compile(r"([\w.]+)(<=|>=|!=|<|>|=)(.*)", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ALIASES = {
    "steps": "step",
    "round": "rounds",
    "best": "best_loss",
    "val_loss": "best_loss",
    "test": "test_loss",
    "duration": "seconds",
    "name": "run",
}
_NUMBERS = ("step", "last_step", "rounds", "loss", "best_loss", "best_step", "test_loss", "seconds", "parameters")
_TEXTS = ("status", "run", "project", "description", "device", "parent", "host")


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison, such as `best_loss<2`, `status=died` or `train.learning_rate>=1e-3`."""

    field: str
    sign: str
    value: str

    def matches(self, row: RunRow) -> bool:
        """A row without the field never matches; a comparison still without its value always does."""
        if not self.value:
            return True
        found = value_of(row, self.field)
        if found is None:
            return False
        wanted = _number(self.value)
        if wanted is not None and isinstance(found, int | float) and not isinstance(found, bool):
            return _COMPARE[self.sign](found, wanted)
        if self.sign not in ("=", "!="):
            return False
        return (str(found).casefold() == self.value.casefold()) == (self.sign == "=")


@dataclass(frozen=True, slots=True)
class Query:
    """What a filter line asks for: every word and every comparison must hold."""

    words: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()


def parse(text: str) -> Query:
    """Read a filter line. Nothing in it is an error: what is no comparison is a word to look for."""
    words: list[str] = []
    terms: list[Term] = []
    for part in text.split():
        match = _TERM.fullmatch(part)
        if match and _is_field(match[1]):
            terms.append(Term(_ALIASES.get(match[1], match[1]), match[2], match[3]))
        else:
            words.append(part.casefold())
    return Query(tuple(words), tuple(terms))


def value_of(row: RunRow, field: str) -> Value:
    """A column, a setting by its dotted key or by the last part of it, or a metric of the best validation."""
    if field in _NUMBERS or field in _TEXTS:
        value: Value = getattr(row, field)
        return value
    for text in (row.metrics_json, row.settings_json):
        found = _entry(text, field)
        if found is not None:
            return found
    return None


class Listing:
    """Rows with their searchable text made once, so that each key typed into the filter costs little."""

    def __init__(self, rows: Sequence[RunRow]) -> None:
        self.rows = rows
        self._texts = [
            f"{row.project}\n{row.run}\n{row.status}\n{row.description}\n{row.device}\n{row.parent}\n{row.reason}".casefold()
            for row in rows
        ]

    def select(self, query: Query, column: Column = "created", reverse: bool = True) -> list[RunRow]:
        """The rows that match, ordered by a column; those without a value in it come last either way."""
        chosen: Sequence[RunRow] = self.rows
        if query.words:
            words = query.words
            pairs = zip(self.rows, self._texts, strict=True)
            chosen = [row for row, text in pairs if all(word in text for word in words)]
        for term in query.terms:
            chosen = [row for row in chosen if term.matches(row)]
        return ordered(chosen, column, reverse)


def ordered(rows: Sequence[RunRow], column: Column, reverse: bool) -> list[RunRow]:
    """Rows by a column, equal ones as they stood; those without a value last in both directions."""
    index = RunRow._fields.index(column)
    if column in ("best_loss", "test_loss"):
        valued = [row for row in rows if row[index] is not None]
        return sorted(valued, key=operator.itemgetter(index), reverse=reverse) + [
            row for row in rows if row[index] is None
        ]
    return sorted(rows, key=operator.itemgetter(index), reverse=reverse)


def _is_field(name: str) -> bool:
    return name in _ALIASES or name in _NUMBERS or name in _TEXTS or _is_setting_or_metric(name)


def _is_setting_or_metric(name: str) -> bool:
    from msopt_tui.config.fields import fields_of, tables
    from msopt_tui.protocol.metrics import METRICS

    if name in METRICS:
        return True
    return any(name in (key, f"{table}.{key}") for table in tables() for key in fields_of(table))


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
    start = at + len(name)
    if text[start] != '"':
        end = text.find(",", start)
        word = text[start : end if end > 0 else -1]
        return {"true": True, "false": False}[word] if word in ("true", "false") else _number(word)
    string = _STRING.match(text, start)
    return msgspec.json.decode(string[0], type=str) if string else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

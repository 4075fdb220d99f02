"""The filter line of the history as a small language: `val_loss < 2 and not (task = translation or age > 3d)`. Pure.

    query := every ("or" every)*
    every := one (["and"] one)*
    one   := "not" one | "(" query ")" | name sign value | word
    sign  := "<" | "<=" | ">" | ">=" | "=" | "!=" | "~" | "!~"

A word, or several in quotation marks, is looked for in the run's names, tags, notes and reasons. `~` means *contains*.
"""

from __future__ import annotations

import math
import operator
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from msopt_tui.runs.row import RunRow
from msopt_tui.runs.values import NUMBERS, TIMES, Getter, Value, getter, names, number, resolve

Test = Callable[[RunRow, str], bool]
"""Whether a row, whose searchable text is the second argument, is asked for."""

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_SIGNS = (*_COMPARE, "==", "~", "!~")
_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*"?)|(<=|>=|!=|!~|==|<|>|=|~)|([()])|([^\s()<>=~!"]+|!))', re.DOTALL)
_AMOUNT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([a-zA-Z]+)")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_MULTIPLES = {"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9}
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})
_DEEPEST = 50
"""Brackets and `not` inside one another."""


class QueryError(ValueError):
    """What is wrong with a filter line, and where: `at` counts characters from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Token(NamedTuple):
    """A piece of a filter line."""

    kind: str
    """`word`, `text` (in quotation marks), `sign`, `(`, `)` or `end`."""
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Query:
    """What a filter line asks for."""

    test: Test | None = None
    """`None` asks for every row."""
    fields: frozenset[str] = frozenset()
    """What it compares."""


def parse(text: str, now: float | None = None) -> Query:
    """Read a filter line; `now` (seconds since 1970) is what an `age` counts back from. Raises QueryError."""
    return _Parser(tokens(text), time.time() if now is None else now).whole()


def so_far(text: str, now: float | None = None) -> tuple[Query, QueryError | None]:
    """What a line that is still being typed asks for: all of it, or its longest beginning that can be read.

    The error is what the whole line is not readable for, `None` where it is.
    """
    when = time.time() if now is None else now
    try:
        return parse(text, when), None
    except QueryError as error:
        fault = error
    try:
        pieces = tokens(text)
    except QueryError as unclosed:
        pieces = tokens(text[: unclosed.at])
    end = pieces.pop()
    while pieces:
        opened = sum((piece.kind == "(") - (piece.kind == ")") for piece in pieces)
        closing = [end._replace(kind=")")] * max(opened, 0)
        try:
            return _Parser([*pieces, *closing, end], when).whole(), fault
        except QueryError:
            last = pieces.pop()
        if last.kind == "sign" and pieces:
            pieces.pop()  # without its comparison a name would be a word to look for
    return Query(), fault


def tokens(text: str) -> list[Token]:
    """The pieces of a filter line, the last of them its end. Raises QueryError for a text without its closing mark."""
    found: list[Token] = []
    at = 0
    while match := _TOKEN.match(text, at):
        quoted, sign, bracket, word = match.groups()
        start = match.start(match.lastindex or 0)
        if quoted is not None:
            if len(quoted) < 2 or not re.fullmatch(_TEXT, quoted, re.DOTALL):
                raise QueryError('the closing " is missing', start)
            found.append(Token("text", re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL), start))
        elif sign:
            found.append(Token("sign", sign, start))
        else:
            found.append(Token(bracket or "word", bracket or word, start))
        at = match.end()
    return [*found, Token("end", "", len(text.rstrip()))]


_TEXT = r'"(?:[^"\\]|\\.)*"'


class _Parser:
    """One filter line, from left to right."""

    def __init__(self, pieces: list[Token], now: float) -> None:
        self._pieces = pieces
        self._now = now
        self._at = 0
        self._depth = 0
        self._fields: set[str] = set()

    def whole(self) -> Query:
        if self._next.kind == "end":
            return Query()
        test = self._any()
        if self._next.kind != "end":
            raise QueryError("no bracket is open that this could close", self._next.at)
        return Query(test, frozenset(self._fields))

    @property
    def _next(self) -> Token:
        return self._pieces[self._at]

    def _take(self) -> Token:
        piece = self._next
        self._at += 1
        return piece

    def _is_word(self, word: str) -> bool:
        return self._next.kind == "word" and self._next.text.casefold() == word

    def _any(self) -> Test:
        tests = [self._every()]
        while self._is_word("or"):
            self._take()
            tests.append(self._every())
        return tests[0] if len(tests) == 1 else lambda row, text: any(test(row, text) for test in tests)

    def _every(self) -> Test:
        tests = [self._one()]
        while self._next.kind not in (")", "end") and not self._is_word("or"):
            if self._is_word("and"):
                self._take()
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row, text: all(test(row, text) for test in tests)

    def _one(self) -> Test:
        if self._depth > _DEEPEST:
            raise QueryError(f"more than {_DEEPEST} brackets and `not` inside one another", self._next.at)
        self._depth += 1
        test = self._atom()
        self._depth -= 1
        return test

    def _atom(self) -> Test:
        piece = self._take()
        if piece.kind == "word" and piece.text.casefold() == "not" and self._next.kind != "sign":
            inner = self._one()
            return lambda row, text: not inner(row, text)
        if piece.kind == "(":
            inner = self._any()
            if self._take().kind != ")":
                raise QueryError("this bracket is not closed", piece.at)
            return inner
        if piece.kind in ("word", "text") and self._next.kind == "sign":
            return self._comparison(piece)
        if piece.kind == "text" or (piece.kind == "word" and piece.text.casefold() not in ("and", "or")):
            word = piece.text.casefold()
            return lambda _, text: word in text
        raise QueryError("a word or a comparison is missing here, such as lr > 1e-4", piece.at)

    def _comparison(self, name: Token) -> Test:
        sign = self._take()
        value = self._take()
        if value.kind not in ("word", "text"):
            raise QueryError(f"a value is missing after {sign.text}", value.at)
        field = resolve(name.text)
        if field is None:
            from msopt_tui.config.fields import nearest

            hint = nearest(name.text, [*names(), *(one.rpartition(".")[2] for one in names())])
            raise QueryError(f"no metric, setting or column {name.text}{hint}", name.at)
        self._fields.add(field)
        return _tagged(sign, value.text) if field == "tag" else _compare(field, sign.text, value, self._now)


def _tagged(sign: Token, tag: str) -> Test:
    """`=` asks for a run with that tag among others; a run without tags has not got it."""
    if sign.text not in ("=", "==", "!=", "~", "!~"):
        raise QueryError(f"{sign.text} compares numbers, and tags are none", sign.at)
    part = tag.casefold() if "~" in sign.text else f" {tag.casefold()} "
    wanted = not sign.text.startswith("!")
    return lambda row, _: (part in row.tags) == wanted


def _compare(field: str, sign: str, value: Token, now: float) -> Test:
    read = getter(field, now)
    if sign in ("~", "!~"):
        part, wanted = value.text.casefold(), sign == "~"
        return _on_value(read, lambda found: (part in _written(found)) == wanted)
    sign = "=" if sign == "==" else sign
    amount = _amount(field, value)
    if amount is None and sign not in ("=", "!="):
        raise QueryError(f"{sign} compares numbers, and {value.text} is none", value.at)
    return _on_value(read, _comparer(sign, amount, _own_name(field, value.text)))


def _comparer(sign: str, amount: float | None, text: str) -> Callable[[str | float | int | bool], bool]:
    compare, is_equal = _COMPARE[sign], sign == "="

    def holds(found: str | float | int | bool) -> bool:
        if amount is not None and isinstance(found, int | float) and not isinstance(found, bool):
            return compare(found, amount)
        if sign not in ("=", "!="):
            return False
        if isinstance(found, bool):
            return (text in _YES) == (found == is_equal) if text in _YES | _NO else not is_equal
        return (str(found).casefold() == text) == is_equal

    return holds


def _on_value(read: Getter, holds: Callable[[str | float | int | bool], bool]) -> Test:
    """A row without the field never matches."""

    def test(row: RunRow, _: str) -> bool:
        found = read(row)
        return found is not None and holds(found)

    return test


def _written(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).casefold()


def _own_name(field: str, text: str) -> str:
    """A value by its own name, where it has others (`task = dpo`)."""
    from msopt_tui.config.aliases import VALUE_ALIASES

    return VALUE_ALIASES.get(field, {}).get(text, text).casefold()


def _amount(field: str, value: Token) -> float | None:
    """The number that a value means: `1e-4`, `10k`, for times `3d` and `2026-05-01`."""
    plain = number(value.text)
    if plain is not None:
        return plain
    if field in TIMES:
        return _date(value.text)
    match = _AMOUNT.fullmatch(value.text)
    if match is None:
        return None
    units = _SECONDS if field in ("age", "seconds") else _MULTIPLES if field in NUMBERS else {}
    unit = units.get(match[2].casefold())
    if unit is None and field in ("age", "seconds"):
        raise QueryError(f"{value.text} is no duration: write one like 90s, 20m, 6h, 3d or 2w", value.at)
    amount = float(match[1]) * (unit or math.nan)
    return amount if math.isfinite(amount) else None


def _date(text: str) -> float | None:
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M"):
        try:
            return time.mktime(time.strptime(text, form))
        except (ValueError, OverflowError):
            continue
    return None

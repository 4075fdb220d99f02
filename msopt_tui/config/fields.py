"""One key of the project file as an object: its type, its bounds, how a value is checked and described."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import msgspec

from msopt_tui.config.aliases import ALIASES, VALUE_ALIASES
from msopt_tui.config.schema import Config, Source, Table

Scalar = bool | int | float | str
"""What one key can hold, lists and tables aside."""


@dataclass(frozen=True, slots=True)
class Field:
    """A key `table.name` with the annotation it was declared with."""

    table: str
    """Dotted where the table stands inside another: `model.lora`."""
    name: str
    annotation: object
    default: object

    @property
    def path(self) -> str:
        """The dotted key."""
        return f"{self.table}.{self.name}"

    @property
    def is_list(self) -> bool:
        """Whether it holds several values; as a scalar it is their JSON text."""
        return get_origin(self.annotation) is list

    @property
    def allowed(self) -> str:
        """The allowed values in words, such as `a number > 0 and <= 10`."""
        return describe(self.annotation)

    def convert(self, value: object) -> object:
        """Return `value` as this field's type.

        Raises ValueError with the allowed range: `0.0 is not allowed: a number > 0 and <= 10`.
        """
        if isinstance(value, str):
            value = VALUE_ALIASES.get(self.path, {}).get(value, value)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{value} is not allowed: {self.allowed}")
        try:
            return msgspec.convert(value, self.annotation)
        except msgspec.ValidationError as error:
            # Inside a list or table of ours msgspec names the place, which our own sentence would lose.
            if "at `" in str(error) and get_origin(self.annotation) is not dict:
                raise ValueError(str(error)) from error
            shown = repr(value) if isinstance(value, str) else str(value)
            raise ValueError(f"{shown[:80]} is not allowed: {self.allowed}") from error

    def parse(self, text: str) -> object:
        """Read a value typed by a person or on a command line; raises ValueError like `convert`."""
        try:
            return self.convert(text)
        except ValueError as as_text:
            try:
                value = msgspec.json.decode(text.lower() if text in ("True", "False") else text)
            except msgspec.DecodeError:
                try:
                    value = float(text)
                except ValueError:
                    raise as_text from None
            return self.convert(value)


def describe(annotation: object) -> str:
    """Say in words what values an annotation of the schema allows."""
    if get_origin(annotation) is Annotated:
        base, *metas = get_args(annotation)
        return " and ".join([_NAMES.get(base, str(base)), *_bounds(metas)]).replace(" and ", " ", 1)
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(str(value) for value in get_args(annotation))
    if get_origin(annotation) is list:
        return "a list"
    if get_origin(annotation) is dict:
        return "a table of texts"
    members = get_args(annotation)
    if members:
        return " or ".join(describe(member) for member in members)
    return _NAMES.get(annotation, str(annotation))


_NAMES: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    dict: "a table",
}


def _bounds(metas: list[object]) -> list[str]:
    """The bounds of msgspec annotations as `> 0`, `<= 10` and the like."""
    words = []
    for meta in metas:
        assert isinstance(meta, msgspec.Meta)
        for sign, bound in ((">", meta.gt), (">=", meta.ge), ("<", meta.lt), ("<=", meta.le)):
            if bound is not None:
                words.append(f"{sign} {_number(bound)}")
        if meta.min_length is not None:
            words.append(f"of at least {meta.min_length} character")
        if meta.pattern is not None:
            words.append(f"like {meta.pattern}")
    return words


def _number(bound: float) -> str:
    if bound == 10**12:
        return "10^12"
    return f"{bound:,.0f}" if abs(bound) >= 1e5 else f"{bound:g}"


@cache
def tables() -> dict[str, type[Table]]:
    """The Struct of each table, by its dotted name in the file; a table stands before those inside it."""
    return dict(_tables_in(Config, ""))


def _tables_in(struct: type[Table], prefix: str) -> Iterator[tuple[str, type[Table]]]:
    for name, hint in get_type_hints(struct).items():
        if isinstance(hint, type) and issubclass(hint, Table):
            yield prefix + name, hint
            yield from _tables_in(hint, f"{prefix}{name}.")


def table_of(config: Config, name: str) -> Table:
    """The table with a dotted name."""
    table: Table = config
    for part in name.split("."):
        table = getattr(table, part)
    return table


@cache
def fields_of(table: str) -> dict[str, Field]:
    """The fields of one table by name, in the order they were declared; tables inside it are no fields."""
    return _fields(table, Source if table == "data.sources" else tables()[table])


def _fields(table: str, struct: type[Table]) -> dict[str, Field]:
    hints = get_type_hints(struct, include_extras=True)
    blank = struct()
    return {
        name: Field(table, name, hints[name], getattr(blank, name))
        for name in struct.__struct_fields__
        if f"{table}.{name}" not in tables()
    }


def find(path: str) -> Field:
    """The field of a dotted key, aliases resolved; raises KeyError with the key."""
    table, _, name = path.rpartition(".")
    if table not in tables():
        raise KeyError(path)
    name = ALIASES.get(table, {}).get(name, name)
    try:
        return fields_of(table)[name]
    except KeyError:
        raise KeyError(path) from None


def nearest(word: str, known: list[str]) -> str:
    """`; did you mean X?` for the closest known word, or nothing where none is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


@cache
def homes() -> dict[str, str]:
    """The table, or tables, that have a key of a name or an alias, as their headers are written."""
    found: dict[str, list[str]] = {}
    for table in [*tables(), "data.sources"]:
        for name in (*fields_of(table), *ALIASES.get(table, {})):
            found.setdefault(name, []).append(f"[[{table}]]" if table == "data.sources" else f"[{table}]")
    return {name: " or ".join(headers) for name, headers in found.items()}


def outside(key: str) -> str:
    """What is said of a key above the first table of a file: which table has it, or one that is nearly so called."""
    if key in homes():
        return f"a key outside a table: it belongs to {homes()[key]}"
    from difflib import get_close_matches

    close = get_close_matches(key, list(homes()), n=1, cutoff=0.6)
    return "a key outside a table" + (f"; did you mean {close[0]} of {homes()[close[0]]}?" if close else "")

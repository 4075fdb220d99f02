"""A `Config` with other values: how adjustments, refinement and overrides reach the immutable tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from msopt_tui.config.fields import Scalar, find, table_of
from msopt_tui.config.schema import Config, Table

T = TypeVar("T", bound=Table)


def with_changes(config: Config, changes: Mapping[str, Scalar]) -> Config:
    """The configuration with dotted settings replaced; lists are given as their JSON text.

    Raises KeyError for a setting that does not exist and ValueError for a value it can't hold.
    """
    for path, value in changes.items():
        field = find(path)
        new = field.parse(value) if field.is_list and isinstance(value, str) else field.convert(value)
        config = _replaced(config, [*field.table.split("."), field.name], new)
    return config


def _replaced(table: T, path: list[str], value: object) -> T:
    """A table with the value at the end of `path` replaced; the tables on the way are new ones, the others shared."""
    name, *rest = path
    return msgspec.structs.replace(table, **{name: _replaced(getattr(table, name), rest, value) if rest else value})


def value_of(config: Config, path: str) -> Scalar:
    """The value of a dotted setting, of a list its JSON text; raises KeyError where there is none."""
    field = find(path)
    value: object = getattr(table_of(config, field.table), field.name)
    return value if isinstance(value, bool | int | float | str) else msgspec.json.encode(value).decode()

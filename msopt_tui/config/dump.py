"""A `Config` as TOML text (the resolved `config.toml` of a run) and as flat dotted keys."""

from __future__ import annotations

import msgspec
import tomli_w

from msopt_tui.config.fields import Scalar, fields_of, table_of, tables
from msopt_tui.config.schema import Config


def to_toml(config: Config) -> str:
    """The whole configuration, defaults included; reading it back gives an equal Config."""
    return tomli_w.dumps(msgspec.to_builtins(config))


def flatten(config: Config) -> dict[str, Scalar]:
    """Every setting by its dotted key; lists and tables of free keys as their JSON text."""
    flat: dict[str, Scalar] = {}
    for table in tables():
        values = table_of(config, table)
        for key in fields_of(table):
            value = getattr(values, key)
            plain = isinstance(value, bool | int | float | str)
            flat[f"{table}.{key}"] = value if plain else msgspec.json.encode(value).decode()
    return flat

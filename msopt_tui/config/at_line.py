"""Which key of a project file a line is about, and what that key means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from msopt_tui.config.aliases import ALIASES
from msopt_tui.config.fields import fields_of, homes, nearest, outside, tables
from msopt_tui.config.json_schema import table_docs
from msopt_tui.config.schema import Source

HEADER = re.compile(r"\s*\[+\s*([\w.\"'-]+)\s*\]+")
KEY = re.compile(r"\s*[\"']?([\w-]+)[\"']?(?:\s*\.\s*[\"']?([\w-]+)[\"']?)?\s*=")


class KeyHelp(NamedTuple):
    """What is said of a key or a table."""

    path: str
    """Dotted; empty where the line is about nothing known."""
    allowed: str = ""
    default: str = ""
    """As it is written in a file, or nearly so."""
    text: str = ""


def key_at(lines: Sequence[str], at: int) -> str:
    """The dotted key or table that line `at` (from 0) stands in; empty above the first of them."""
    key = ""
    for line in reversed(lines[: at + 1]):
        header = HEADER.match(line)
        if header:
            table = header[1].strip("\"'")
            return f"{table}.{key}" if key else table
        found = KEY.match(line) if not key else None
        if found:
            key = f"{found[1]}.{found[2]}" if found[2] else found[1]
    return key


def help_of(path: str) -> KeyHelp:
    """What is known of a dotted key or table; where it is unknown, the nearest that is known."""
    known = [*tables(), "data.sources"]
    if path in known:
        struct = Source if path == "data.sources" else tables()[path]
        return KeyHelp(path, text=" ".join((struct.__doc__ or "").split()))
    table, _, name = path.rpartition(".")
    if not table and path in homes():
        return KeyHelp("", text=f"{path}: {outside(path)}")
    if table not in known:
        return KeyHelp("", text=f"{path}: unknown table{nearest(table or path, known)}" if path else "")
    name = ALIASES.get(table, {}).get(name, name)
    field = fields_of(table).get(name)
    if field is None:
        return KeyHelp("", text=f"{path}: unknown key{nearest(name, list(fields_of(table)))}")
    struct = Source if table == "data.sources" else tables()[table]
    default = msgspec.json.encode(msgspec.to_builtins(field.default)).decode()
    return KeyHelp(field.path, field.allowed, default, table_docs().get((struct.__name__, name), ""))

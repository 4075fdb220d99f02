"""The words of this program: the only texts that a crash bundle may hold.

A secret or a row of data can't be told from other text by looking at it, so nothing is looked for: a text passes if
the program itself could have written it, from a closed set, and no other does.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from functools import cache
from typing import Literal, get_args, get_origin, get_type_hints

import msgspec

from msopt_tui.config.fields import fields_of, tables
from msopt_tui.config.presets import PRESETS
from msopt_tui.config.schema import Source
from msopt_tui.protocol import commands
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.runs.record import RunStatus

_OTHERS = ("backward", "optimiser", "trained", "evaluated", "probed", "control", "steps", "rows", "documents", "tokens")
_DEVICES = ("float32", "bfloat16", "float16", "cpu", "mps", "cuda", *(f"cuda:{number}" for number in range(16)))
_EXCEPTIONS = ("ConfigError", "DataError", "OutOfMemoryError", "SafetensorError", "AcceleratorError")
"""Besides Python's own."""


@cache
def words() -> frozenset[str]:
    """Every text that passes: names and choices of settings, statuses, metrics, devices, number types, commands."""
    settings = [f"{table}.{key}" for table in tables() for key in fields_of(table)]
    names = [str(command.__struct_config__.tag) for command in get_args(commands.Command)]
    structs = [*tables().values(), Source, *get_args(ev.Event), ev.Finding, ev.Proposal]
    choices = [word for struct in structs for hint in _hints(struct) for word in _choices(hint)]
    return frozenset([*settings, *names, *choices, *get_args(RunStatus), *METRICS, *PRESETS, *_OTHERS, *_DEVICES])


@cache
def exceptions() -> frozenset[str]:
    """Names of exceptions that may be told, without what they say."""
    own = [name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)]
    return frozenset([*own, *_EXCEPTIONS])


def exception_in(text: str) -> str:
    """`ValueError` from `ValueError: could not convert 'a row of data'`; nothing where it starts with no exception."""
    name = text.strip().partition(":")[0].rpartition(".")[2]
    return name if name in exceptions() else ""


def _hints(struct: type[msgspec.Struct]) -> list[object]:
    return list(get_type_hints(struct, include_extras=True).values())


def _choices(hint: object) -> Iterator[str]:
    if get_origin(hint) is Literal:
        yield from (word for word in get_args(hint) if isinstance(word, str))
        return
    for part in get_args(hint):
        yield from _choices(part)

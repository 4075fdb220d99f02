"""From a project file and dotted overrides to a checked `Config`, or to every problem at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import tomli

from msopt_tui.config.aliases import ALIASES
from msopt_tui.config.crosscheck import cross_check
from msopt_tui.config.errors import ConfigError, Problem
from msopt_tui.config.fields import fields_of, find, nearest, outside, tables
from msopt_tui.config.schema import Config, Source, Table
from msopt_tui.config.tasks import USUAL_ARCHITECTURE

MAX_BYTES = 1_000_000
"""A project file larger than this is taken for something else."""

Raw = dict[str, object]
T = TypeVar("T", bound=Table)


def load_project(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read and check a project file; `overrides` are `table.key=value` of the command line.

    Raises ConfigError with every problem of the file and of the overrides.
    """
    return check_text(read_text(path), path, overrides)


def check_text(text: str, path: Path, overrides: Sequence[str] = ()) -> Config:
    """Check the text of a project file that is, or will be, at `path`; raises as `load_project`."""
    if not text.strip():
        raise ConfigError([Problem(str(path), "", "is empty: `[data]` with a source is the least it needs")])
    try:
        raw = tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError) as error:  # the latter: brackets nested beyond tomli's limit
        line = getattr(error, "lineno", 0)
        raise ConfigError([Problem(path.name, "", f"not valid TOML: {error}", line)]) from None
    problems: list[Problem] = []
    merged = _checked_tables(raw, path.name, text, problems)
    _apply_overrides(merged, overrides, problems)
    config = _build(merged, path)
    if not problems:
        problems += cross_check(config, path.name)
    if problems:
        for index, problem in enumerate(problems):
            if not problem.line and problem.where == path.name:
                place = Problem(path.name, problem.key, problem.message, _line(text, problem.key))
                problems[index] = place
        raise ConfigError(problems)
    return config


def read_text(path: Path) -> str:
    """The text of a project file; raises ConfigError where it is no readable UTF-8 file."""

    def refuse(message: str) -> ConfigError:
        return ConfigError([Problem(str(path), "", message)])

    try:
        if path.is_dir():
            inside = path / "project.toml"
            hint = f"; did you mean {inside}?" if inside.is_file() else ""
            raise refuse(f"is a directory, not a project file{hint}")
        if path.exists() and not path.is_file():
            raise refuse("is not a regular file")
        if path.stat().st_size > MAX_BYTES:
            raise refuse(f"is larger than {MAX_BYTES:,} bytes: not a project file")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise refuse(f"does not exist{nearest(path.name, siblings)}") from None
    except UnicodeDecodeError as error:
        raise refuse(f"is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise refuse(f"can't be read: {error.strerror}") from None
    return text


def _checked_tables(raw: Raw, where: str, text: str, problems: list[Problem]) -> dict[str, Raw]:
    """Every table's values converted; what is wrong goes to `problems`, not into the result."""
    merged: dict[str, Raw] = {name: {} for name in tables()}
    pending = list(raw.items())
    while pending:
        table, values = pending.pop(0)
        if table not in merged:
            message = f"unknown table{nearest(table, list(merged))}" if _is_table(values) else outside(table)
            problems.append(Problem(where, table, message, _line(text, table)))
        elif not isinstance(values, dict):
            problems.append(Problem(where, table, f"a table is meant: [{table}]", _line(text, table)))
        else:
            inner = {key for key in values if f"{table}.{key}" in merged}
            pending += [(f"{table}.{key}", values[key]) for key in values if key in inner]
            own = {key: value for key, value in values.items() if key not in inner}
            merged[table] = _checked_table(table, own, where, text, problems)
    return merged


def _is_table(value: object) -> bool:
    """Whether TOML has written it under a header, or could have."""
    rows = value if isinstance(value, list) else [value]
    return bool(rows) and all(isinstance(row, dict) for row in rows)


def _checked_table(table: str, values: Raw, where: str, text: str, problems: list[Problem]) -> Raw:
    known = fields_of(table)
    checked: Raw = {}
    for key, value in values.items():
        name = ALIASES.get(table, {}).get(key, key)
        path = f"{table}.{key}"
        if name not in known:
            close = nearest(key, [*known, *ALIASES.get(table, {})])
            problems.append(Problem(where, path, f"unknown key{close}", _line(text, path)))
        elif name in checked:
            problems.append(Problem(where, path, f"{name} is given twice", _line(text, path)))
        elif table == "data" and name == "sources":
            checked[name] = _checked_sources(value, where, text, problems)
        else:
            try:
                checked[name] = known[name].convert(value)
            except ValueError as error:
                problems.append(Problem(where, path, str(error), _line(text, path)))
    return checked


def _checked_sources(value: object, where: str, text: str, problems: list[Problem]) -> list[Source]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        message = "a list of tables is meant: [[data.sources]]"
        problems.append(Problem(where, "data.sources", message, _line(text, "data.sources")))
        return []
    checked = [_checked_table("data.sources", item, where, text, problems) for item in value]
    return [_struct(Source, item) for item in checked]


def _apply_overrides(merged: dict[str, Raw], overrides: Sequence[str], problems: list[Problem]) -> None:
    for override in overrides:
        path, sign, value = override.partition("=")
        path = path.strip()
        if not sign:
            message = f"{override!r} is no override: write table.key=value"
            problems.append(Problem("command line", "", message))
            continue
        try:
            field = find(path)
        except KeyError:
            every = [field.path for table in tables() for field in fields_of(table).values()]
            message = f"unknown key{nearest(path, every)}"
            problems.append(Problem("command line", path, message))
            continue
        try:
            merged[field.table][field.name] = field.parse(value.strip())
        except ValueError as error:
            problems.append(Problem("command line", path, str(error)))


def _build(merged: dict[str, Raw], path: Path) -> Config:
    whole: Raw = {}
    # The inner ones first, so that a table is complete when it is put into the one around it.
    for name, struct in reversed(tables().items()):
        outer, _, key = name.rpartition(".")
        (merged[outer] if outer else whole)[key] = _struct(struct, merged[name])
    config = _with_architecture(_struct(Config, whole))
    if config.project.name:
        return config
    import msgspec

    named = msgspec.structs.replace(config.project, name=path.resolve().parent.name or "project")
    return msgspec.structs.replace(config, project=named)


def _with_architecture(config: Config) -> Config:
    """The architecture that `auto` means for the task, where neither a preset nor a pretrained model says it."""
    model = config.model
    if model.architecture != "auto" or model.preset or model.pretrained:
        return config
    import msgspec

    named = msgspec.structs.replace(model, architecture=USUAL_ARCHITECTURE[config.task.name])
    return msgspec.structs.replace(config, model=named)


def _struct(struct: type[T], values: Raw) -> T:
    return struct(**values)


def _line(text: str, key: str) -> int:
    """The line where a dotted key is set, or the table around it if that is written inline; 0 where neither is."""
    table, _, name = key.rpartition(".")
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([\w.\"'-]+)\s*\]+", line)
        if header:
            current = header[1].strip("\"'")
            if current == key:
                return number
        elif re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[=.]", line) and current == table:
            return number
    return _line(text, table) if "." in table else 0

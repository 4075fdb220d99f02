"""The files that a path or a glob means. Unlike `glob`, a folder that can't be read is an error, not an absence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from msopt_tui.data.errors import DataError

WILDCARDS = frozenset("*?[")


def find_files(pattern: str, base_dir: Path) -> list[Path]:
    """The regular files that `pattern` names, sorted; relative patterns start at `base_dir`.

    `*`, `?` and `[…]` stay within a folder, `**` crosses folders (it follows no links). Hidden names match only a
    pattern part that begins with a dot. Raises DataError where that is no file at all.
    """
    whole = base_dir / Path(pattern).expanduser()
    if not WILDCARDS & set(pattern) or os.path.lexists(whole):
        return [_one_file(whole)]
    start, parts = _split_at_wildcard(base_dir, Path(pattern).expanduser())
    if parts[-1] == "**":
        parts = (*parts, "*")
    found = sorted({path for path in _matches(start, parts) if path.is_file()})
    if not found:
        raise DataError(f"{pattern}: no file matches, seen from {base_dir}: check data.sources.path")
    return found


def _one_file(path: Path) -> Path:
    if path.is_dir():
        raise DataError(f'{path}: is a folder; name the files in it, such as "{path.name}/**/*.txt"')
    if not path.exists():
        raise DataError(f"{path}: does not exist; data.sources.path is relative to the project file")
    if not path.is_file():
        raise DataError(f"{path}: is not a regular file")
    return path


def _split_at_wildcard(base_dir: Path, pattern: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder that holds for every match, and the parts of the pattern from the first wildcard on."""
    parts = pattern.parts
    first = next(index for index, part in enumerate(parts) if WILDCARDS & set(part))
    return base_dir.joinpath(*parts[:first]), parts[first:]


def _matches(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _matches(folder, rest)
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _matches(folder / entry.name, parts)
    elif not WILDCARDS & set(head):
        if not rest:
            yield folder / head
        elif (folder / head).is_dir():
            yield from _matches(folder / head, rest)
    else:
        for entry in _entries(folder):
            hidden = entry.name.startswith(".") and not head.startswith(".")
            if hidden or not fnmatchcase(entry.name, head):
                continue
            if not rest:
                yield folder / entry.name
            elif entry.is_dir():
                yield from _matches(folder / entry.name, rest)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise DataError(f"{folder}: can't be listed: {error.strerror}; check data.sources.path") from error

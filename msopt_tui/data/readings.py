"""What reading the sources gave, kept so that a second start need not read them again.

Files are known again by path, size, inode and both times, as `make` and `git` do it. A file that changed just before it
was read is not trusted: it could change once more within the resolution of its times.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from msopt_tui.config.schema import Source
from msopt_tui.data import sources
from msopt_tui.data.cache import make_private

VERSION = 1
"""Goes up with every change in what a reader makes of the same files."""
SETTLED_SECONDS = 2.0
"""A file must be older than this to be known again."""
PACKAGES = ("datasets", "mwparserfromhell")
"""What decides about the text of a source beside our own code."""


class Reading(msgspec.Struct, frozen=True):
    """All that has to be known of raw text that is not read again."""

    sha256: str
    """Of the documents in order, each followed by a NUL byte."""
    documents: list[int]
    """Documents of every source."""
    characters: int
    named_twice: int
    """Documents that a second source named again."""
    removed: dict[str, int]
    changed: dict[str, int]
    examples: dict[str, list[str]]
    understood: dict[str, str] = {}
    """Of sources of rows: how these were read."""


class Fingerprint(msgspec.Struct, frozen=True):
    """What the sources look like from outside."""

    key: str
    newest: float
    """When the last of the files changed (seconds since 1970)."""


def fingerprint(named: Sequence[Source], base_dir: Path, records: str = "") -> Fingerprint | None:
    """What tells the same sources again; `None` where only reading can. Raises DataError where a file is missing.

    `records` names what rows are made into: the same file gives other records for another task.
    """
    files: list[tuple[str, int, int, int, int]] = []
    newest = 0.0
    for source in named:
        paths = sources.inputs(source, base_dir)
        if paths is None:
            return None
        for path in paths:
            try:
                found = path.stat()
            except OSError:
                return None
            files.append((str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino))
            newest = max(newest, found.st_mtime, found.st_ctime)
    ingredients = (
        VERSION,
        platform.python_version(),
        [version_of(name) for name in PACKAGES],
        [msgspec.structs.replace(source, weight=0.0, use="split") for source in named],
        records,
        files,
    )
    return Fingerprint(hashlib.sha256(msgspec.json.encode(ingredients, order="sorted")).hexdigest(), newest)


def recall(folder: Path, known: Fingerprint) -> Reading | None:
    """What the same sources gave when they were read, if that is known."""
    try:
        return msgspec.json.decode(_file(folder, known).read_bytes(), type=Reading)
    except (OSError, msgspec.DecodeError):
        # Gone or damaged: reading the sources finds out again.
        return None


def remember(folder: Path, known: Fingerprint, reading: Reading, began: float) -> None:
    """Keep a reading that began at a time (seconds since 1970), if its files were settled by then."""
    if known.newest > began - SETTLED_SECONDS:
        return
    # Only saves time: where there is no room for it the next start reads the sources again.
    with contextlib.suppress(OSError):
        make_private(folder)
        descriptor, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(reading))
        Path(name).replace(_file(folder, known))


def _file(folder: Path, known: Fingerprint) -> Path:
    return folder / f"{known.key[:32]}.json"


def version_of(package: str) -> str:
    """The installed version of a package, empty where it is not there."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""

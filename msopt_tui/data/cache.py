"""Directories that are complete or not there: built beside their place, flushed, renamed, and checked before use."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from msopt_tui.data.meta import FileMeta, Meta

META_NAME = "meta.json"
UNFINISHED = ".unfinished-"
"""Beginning of the name of a directory under construction."""
UNFINISHED_SECONDS = 24 * 3600
"""An unfinished directory older than this belongs to a process that was killed."""
HASH_LIMIT = 64 << 20
"""Files up to this size are checked by their hash, larger ones by their size only (bytes)."""


class Damaged(Exception):
    """What lies in the cache is not what was put there; the message says which file."""


def describe_file(path: Path) -> FileMeta:
    """Size and hash of a file."""
    with path.open("rb") as file:
        return FileMeta(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def lookup(directory: Path, key: str) -> Meta | None:
    """What a prepared directory holds; `None` where there is none. Raises Damaged where it is not whole."""
    try:
        if not directory.exists():
            return None
        meta = msgspec.json.decode((directory / META_NAME).read_bytes(), type=Meta)
        if meta.key != key:
            raise Damaged(f"{META_NAME} belongs to other data")
        for name, expected in meta.files.items():
            _check_file(directory / name, expected)
    except (OSError, msgspec.DecodeError) as error:
        raise Damaged(str(error)) from error
    return meta


def _check_file(path: Path, expected: FileMeta) -> None:
    size = path.stat().st_size
    if size != expected.bytes:
        raise Damaged(f"{path.name} has {size:,} bytes instead of {expected.bytes:,}")
    if size <= HASH_LIMIT and describe_file(path) != expected:
        raise Damaged(f"{path.name} has changed since it was written")


def publish(directory: Path, key: str, build: Callable[[Path], Meta]) -> Meta:
    """Let `build` fill a directory and put it in place in one rename.

    Where another process was faster its directory stays; a damaged one is replaced. Whatever ends `build` early,
    nothing of it remains. Raises OSError where the disk does not let it.
    """
    parent = directory.parent
    make_private(parent)
    _sweep(parent)
    work = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=parent))
    try:
        meta = build(work)
        (work / META_NAME).write_bytes(msgspec.json.format(msgspec.json.encode(meta), indent=1))
        _flush(work)
        while not _rename(work, directory):
            try:
                theirs = lookup(directory, key)
            except Damaged:
                _discard(directory)
                continue
            if theirs is not None:
                return theirs
        return meta
    finally:
        shutil.rmtree(work, ignore_errors=True)


def make_private(directory: Path) -> None:
    """Make a directory and its missing parents for this user alone, whatever the umask."""
    if not directory.is_dir():
        make_private(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


def _rename(work: Path, directory: Path) -> bool:
    """Whether `work` is now `directory`; False where there is one already."""
    try:
        work.rename(directory)
    except OSError:
        if not directory.exists():
            raise
        return False
    _flush_one(directory.parent)
    return True


def _discard(directory: Path) -> None:
    """Move a directory out of the way in one step, then delete it."""
    away = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=directory.parent))
    try:
        directory.rename(away / "damaged")
    except FileNotFoundError:
        # Another process is repairing the same damage and was faster: its directory is looked at next.
        return
    finally:
        shutil.rmtree(away, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove what killed processes left."""
    oldest = time.time() - UNFINISHED_SECONDS
    for path in parent.glob(f"{UNFINISHED}*"):
        if path.lstat().st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)


def _flush(directory: Path) -> None:
    for path in [*directory.rglob("*"), directory]:
        _flush_one(path)


def _flush_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

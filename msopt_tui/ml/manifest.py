"""`manifest.json`: size and sha256 of every file in a directory, written last, so that it stands for the whole."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

NAME = "manifest.json"
PIECE = 1 << 20
"""Bytes that are written and hashed in one go."""


class FileEntry(msgspec.Struct, frozen=True):
    """How one file must look."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The files of a directory by name."""

    format: int
    files: dict[str, FileEntry]


def write(path: Path, parts: Iterable[bytes | memoryview], wrote: Callable[[int], None] = lambda _: None) -> FileEntry:
    """Write a new file, hash it on the way and wait for the disk; `wrote` hears of the bytes of every piece.

    In pieces, so that the interpreter is never held for long: a write and a hash of a large one let other threads run.
    """
    digest, size = hashlib.sha256(), 0
    with path.open("wb", buffering=0) as file:
        for part in parts:
            whole = memoryview(part)
            for begin in range(0, len(whole), PIECE):
                piece = whole[begin : begin + PIECE]
                _write_all(file, piece)
                digest.update(piece)
                wrote(len(piece))
            size += len(whole)
        os.fsync(file.fileno())
    return FileEntry(size, digest.hexdigest())


def _write_all(file: io.FileIO, piece: memoryview) -> None:
    """A disk that is nearly full takes a part and refuses the rest."""
    while piece:
        piece = piece[file.write(piece) :]


def seal(directory: Path, format_version: int, entries: Mapping[str, FileEntry]) -> int:
    """Write the manifest over files as they were written and flush it; returns the bytes of all files."""
    ordered = {name: entries[name] for name in sorted(entries)}
    text = msgspec.json.format(msgspec.json.encode(Manifest(format_version, ordered)), indent=2) + b"\n"
    write(directory / NAME, [text])
    flush(directory)
    return sum(entry.bytes for entry in entries.values()) + len(text)


def read(directory: Path) -> Manifest:
    """Raises ValueError where there is none that can be read."""
    try:
        manifest = msgspec.json.decode((directory / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ValueError(f"{NAME}: is missing: the save did not come to its end") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{NAME}: can't be read: {error}") from error
    for name in manifest.files:
        if Path(name).name != name:
            raise ValueError(f"{NAME}: names {name!r}, which is no file of this directory")
    return manifest


def verify(directory: Path, manifest: Manifest) -> None:
    """Raises ValueError with the name of the first file that is not as it was written; others may lie beside them."""
    for name, entry in manifest.files.items():
        path = directory / name
        try:
            size = path.stat().st_size
            if size != entry.bytes:
                raise ValueError(f"{name}: has {size} bytes instead of {entry.bytes}")
            if sha256(path) != entry.sha256:
                raise ValueError(f"{name}: is damaged: its sha256 is not the one it was written with")
        except FileNotFoundError:
            raise ValueError(f"{name}: is missing") from None
        except OSError as error:
            raise ValueError(f"{name}: can't be read: {error}") from error


def sha256(path: Path) -> str:
    """Hash of a file's content (hexadecimal)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Wait until a file, or a directory's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

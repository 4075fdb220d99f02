"""`manifest.json`: size and sha256 of every file in a directory, written last, so that it stands for the whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

NAME = "manifest.json"


class FileEntry(msgspec.Struct, frozen=True):
    """How one file must look."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """The files of a directory by name."""

    format: int
    files: dict[str, FileEntry]


def seal(directory: Path, format_version: int) -> int:
    """Flush every file to the disk, write the manifest over them and flush that; returns the bytes of all files."""
    entries = {}
    for path in sorted(directory.iterdir()):
        flush(path)
        entries[path.name] = FileEntry(path.stat().st_size, sha256(path))
    text = msgspec.json.format(msgspec.json.encode(Manifest(format_version, entries)), indent=2)
    manifest = directory / NAME
    manifest.write_bytes(text + b"\n")
    flush(manifest)
    flush(directory)
    return sum(entry.bytes for entry in entries.values()) + len(text) + 1


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

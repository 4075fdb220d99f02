"""UTF-8 files in blocks, so that memory does not grow with the file, and what is no such text refused by name."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from msopt_tui.data.errors import DataError

BLOCK_BYTES = 1 << 20
FILE_LIMIT = 64 << 20
"""Larger files are only read piece by piece (bytes): whole, one takes up to ten times its size in memory."""
ROW_LIMIT = 16 << 20
"""A row of a table that is longer than this is broken (bytes, in `lines` characters)."""

Heard = Callable[[int], None]
"""Is told of bytes that are behind the reader."""


def unheard(size: int) -> None:
    """Nobody asks how far it is."""


FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Byte order marks of encodings that are not UTF-8; UTF-32 first, because its mark begins with UTF-16's."""


def name_of(path: Path, base_dir: Path) -> str:
    """A file's path for origins and messages, relative to the project file where it lies below it."""
    return (path.relative_to(base_dir) if path.is_relative_to(base_dir) else path).as_posix()


def raw_blocks(path: Path, heard: Heard = unheard) -> Iterator[bytes]:
    """A file's bytes in blocks, each told of when it is behind.

    Raises DataError where it can't be read, is UTF-16 or changes meanwhile.
    """
    try:
        with path.open("rb") as file:
            before = _state(file)
            first = file.read(BLOCK_BYTES)
            _refuse_foreign(path, first)
            if first:
                yield first
                heard(len(first))
            while block := file.read(BLOCK_BYTES):
                yield block
                heard(len(block))
            changed = _state(file) != before
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}") from error
    if changed:
        raise DataError(f"{path}: changed while it was being read: start again when it is complete")


def text_blocks(path: Path, heard: Heard = unheard) -> Iterator[str]:
    """A file's text in blocks, without byte order mark. Raises DataError naming the file, the byte and the way out."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    for block in raw_blocks(path, heard):
        nul = block.find(0)
        if nul >= 0:
            raise DataError(
                f"{path}: has a NUL byte at {position + nul}, so it is a binary file or UTF-16: convert it to UTF-8, "
                "or leave it out of the source's path"
            )
        text = _decoded(decoder, block, position, path)
        yield text if position else text.removeprefix("\ufeff")
        position += len(block)
    _decoded(decoder, b"", position, path)


def whole_text(path: Path, heard: Heard = unheard) -> str:
    """All of a file's text; raises DataError also where it is larger than FILE_LIMIT."""
    refuse_large(path)
    return "".join(text_blocks(path, heard))


def refuse_large(path: Path) -> None:
    """Raise DataError where a file is too large to be one document."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}") from error
    if size > FILE_LIMIT:
        raise DataError(
            f"{path}: has {size:,} bytes, too many for one document (up to {FILE_LIMIT:,}): "
            'set document = "paragraphs" or "line" in its [[data.sources]]'
        )


def lines(path: Path, heard: Heard = unheard) -> Iterator[str]:
    r"""A file's lines, each with its `\n`; other line breaks stay inside. Raises DataError for an endless one."""
    rest: list[str] = []
    number, chars = 1, 0
    for block in text_blocks(path, heard):
        *whole, last = block.split("\n")
        for line in whole:
            yield "".join([*rest, line, "\n"])
            rest, chars, number = [], 0, number + 1
        rest.append(last)
        chars += len(last)
        if chars > ROW_LIMIT:
            raise DataError(f"{path}: line {number} is longer than {ROW_LIMIT:,} characters: this is no table of text")
    if any(rest):
        yield "".join(rest)


def raw_lines(path: Path, heard: Heard = unheard) -> Iterator[bytes | None]:
    """A file's lines as bytes without their line break; `None` stands for one of more than ROW_LIMIT bytes."""
    rest, too_long = b"", False
    for block in raw_blocks(path, heard):
        *whole, last = block.split(b"\n")
        for line in whole:
            yield None if too_long or len(rest) + len(line) > ROW_LIMIT else rest + line
            rest, too_long = b"", False
        too_long = too_long or len(rest) + len(last) > ROW_LIMIT
        rest = b"" if too_long else rest + last
    if rest or too_long:
        yield None if too_long else rest


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, position: int, path: Path) -> str:
    """The text of the next block, which begins at byte `position`; an empty block ends the file."""
    waiting = len(decoder.getstate()[0])
    try:
        return decoder.decode(block, final=not block)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: is not UTF-8 (byte 0x{error.object[error.start]:02x} at {position - waiting + error.start}): "
            "convert it, for example with `iconv -f LATIN1 -t UTF-8`"
        ) from None


def _state(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _refuse_foreign(path: Path, block: bytes) -> None:
    for mark, name in FOREIGN_MARKS.items():
        if block.startswith(mark):
            raise DataError(f"{path}: is {name}, not UTF-8: convert it with `iconv -f {name} -t UTF-8`")

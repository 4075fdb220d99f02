"""Checkpoints that a person wants kept: their steps in a small text file of the run. Retention leaves them alone."""

from __future__ import annotations

import re
from pathlib import Path
from zlib import crc32

from msopt_tui.runs.directory import RunDirectory, write_text_atomic

_NAME = re.compile(r"checkpoint-(0|[1-9]\d{0,17})")


class PinError(ValueError):
    """The message says what can't be pinned, or why it can't be written down."""


def read_pins(directory: RunDirectory) -> set[int]:
    """Steps that are pinned. Raises PinError where they can't be read, or are not as they were written."""
    try:
        text = directory.pinned.read_text(encoding="utf-8")
    except FileNotFoundError:
        return set()
    except (OSError, ValueError) as error:
        raise PinError(f"{directory.pinned.name}: {error}") from error
    first, _, rest = text.partition("\n")
    numbers = rest if first == _first_line(rest) else text  # there was no such line before
    lines = numbers.split()
    if not text or not all(line.isdecimal() and line.isascii() for line in lines):
        raise PinError(f"{directory.pinned.name} is damaged: remove it and pin again what is to be kept")
    return set(map(int, lines))


def _first_line(numbers: str) -> str:
    return f"crc {crc32(numbers.encode()):08x}"


def pin(directory: RunDirectory, step: int | None, *, keep: bool) -> tuple[int, bool]:
    """Pin a checkpoint (`None`: the latest), or let it go; returns its step, and False where it was so already.

    Raises PinError where there is no such checkpoint, or where it can't be written down.
    """
    there = steps_of(directory.checkpoints)
    if step is None and not there:
        raise PinError("there is no checkpoint yet")
    at = there[-1] if step is None else step
    pins = read_pins(directory)
    if keep and at not in there:
        raise PinError(f"there is no checkpoint {at}: {words(there)}")
    wanted = pins | {at} if keep else pins - {at}
    if wanted != pins:
        try:
            numbers = "".join(f"{one}\n" for one in sorted(wanted))
            write_text_atomic(directory.pinned, f"{_first_line(numbers)}\n{numbers}")
        except OSError as error:
            raise PinError(f"{directory.pinned.name} could not be written: {error.strerror}") from error
    return at, wanted != pins


def steps_of(checkpoints: Path) -> list[int]:
    """Steps of the checkpoints in a folder, whole or not, in ascending order."""
    if not checkpoints.is_dir():
        return []
    names = (_NAME.fullmatch(path.name) for path in checkpoints.iterdir())
    return sorted(int(name[1]) for name in names if name)


def words(steps: list[int]) -> str:
    """Which checkpoints there are, for a message."""
    return f"there are {', '.join(map(str, steps))}" if steps else "there is none"

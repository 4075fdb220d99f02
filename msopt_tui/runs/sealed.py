"""Lines of JSON with a checksum of themselves as their last key, so that damage on the disk is noticed.

Whoever reads them as plain JSON sees one more key. A line without it, from before there was one, is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

_KEY = b',"crc":"'
_DIGITS = 8
_END = b'"}'
_WHOLE = len(_KEY) + _DIGITS + len(_END)
_TAIL = len(_KEY) + _DIGITS + len(_END) + 8
"""So many bytes at the end of a line are looked through, a little more than the key takes."""


def seal(line: bytes) -> bytes:
    """A JSON object of one key at least, with its checksum (CRC-32 of what stands before, hexadecimal)."""
    return line[:-1] + _KEY + _sum(line[:-1]) + _END


def are_sound(lines: Iterable[bytes]) -> bool:
    """Whether every line ends in its checksum. Where not, they may still be without one: see `is_doubtful`."""
    # Asked of each line of a journal, and a long one has hundreds of thousands: no calls but one.
    sum_of, begin, stop, digits = crc32, -_WHOLE, -_WHOLE + len(_KEY), -len(_END)
    try:
        for line in lines:
            if line[begin:stop] != _KEY or sum_of(line[:begin]) != int(line[stop:digits], 16):
                return False
    except ValueError:
        return False
    return True


def is_doubtful(line: bytes) -> bool:
    """Whether the checksum is wrong, or not the last thing in the line; false where there is none."""
    at = _find(line)
    return at >= 0 and line[at + len(_KEY) :] != _sum(line[:at]) + _END


def mended(line: bytes) -> bytes | None:
    """A doubtful line as it was where only its end is damaged; `None` where more is."""
    at = _find(line)
    digits = line[at + len(_KEY) :][:_DIGITS]
    return line[:at] + b"}" if at >= 0 and digits == _sum(line[:at]) else None


def is_complete(line: bytes) -> bool:
    """Whether the end of the line is there: what is not may be the last one of a process that was killed."""
    at = _find(line)
    return line.endswith(b"}") or (at >= 0 and len(line) >= at + len(_KEY) + _DIGITS)


def _find(line: bytes) -> int:
    return line.rfind(_KEY, max(0, len(line) - _TAIL))


def _sum(content: bytes) -> bytes:
    return b"%08x" % crc32(content)

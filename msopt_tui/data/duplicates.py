"""Text that occurs more than once: kept where it stands first, dropped everywhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b

LEAD_IN_CHARS = 32
"""A paragraph shorter than this may repeat. It says nothing by itself (`Note:`, `See also:`, `For example:`)."""

_BREAK = re.compile(r"(\n{2,})")


def digest(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return blake2b(text.encode(), digest_size=16).digest()


def is_new(text: str, seen: set[bytes]) -> bool:
    """Whether a text is met for the first time; from now on it is in `seen`."""
    before = len(seen)
    seen.add(digest(text))
    return len(seen) > before


def drop_repeated_paragraphs(text: str, seen: set[bytes]) -> tuple[str, list[str]]:
    """What is left of a text without the paragraphs in `seen`, and the paragraphs dropped.

    The text's own paragraphs are in `seen` afterwards. What a paragraph is says `drop_paragraphs`.
    """
    return drop_paragraphs(text, lambda key: not is_new(key, seen))


def paragraph_keys(text: str) -> list[str]:
    """The paragraphs of a text that say something by themselves, in the form in which they are compared."""
    keys = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return [key for key in keys if len(key) >= LEAD_IN_CHARS]


def drop_paragraphs(text: str, unwanted: Callable[[str], bool]) -> tuple[str, list[str]]:
    """What is left of a text without unwanted paragraphs, and the paragraphs dropped.

    Paragraphs are separated by blank lines and compared with their white space collapsed, so that indentation does
    not hide a repetition. A lead-in goes where the paragraph after it goes. Of a text that loses something and keeps
    nothing but lead-ins, nothing is left.
    """
    pieces = _BREAK.split(text)
    paragraphs, breaks = pieces[::2], [*pieces[1::2], ""]
    keys = [" ".join(paragraph.split()) for paragraph in paragraphs]
    lead_in = [len(key) < LEAD_IN_CHARS for key in keys]
    keep = [short or not unwanted(key) for key, short in zip(keys, lead_in, strict=True)]
    if all(keep):
        return text, []
    for index in range(len(keep) - 2, -1, -1):
        if lead_in[index]:
            keep[index] = keep[index + 1]
    if not any(kept and not short for kept, short in zip(keep, lead_in, strict=True)):
        return "", paragraphs
    left = "".join(p + b for p, b, kept in zip(paragraphs, breaks, keep, strict=True) if kept)
    return left.strip("\n"), [p for p, kept in zip(paragraphs, keep, strict=True) if not kept]

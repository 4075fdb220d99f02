"""`Document`: the unit that is read, cleaned, compared and split. It is never cut between splits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """One text and where it came from."""

    text: str
    """Unicode text that has a UTF-8 form (no lone surrogates), without NUL characters."""
    origin: str
    """What was read, unique within a project: a path relative to the project file, or `kind/name`."""
    part: int = 0
    """Which passage, line or row of `origin`, counted from 1; 0 is all of it."""

    @property
    def label(self) -> str:
        """Names the document for a person: `corpus.txt#12`."""
        return label(self.origin, self.part)


def label(origin: str, part: int) -> str:
    """A document's name for a person: `corpus.txt#12`, or only the origin where that is all of it."""
    return f"{origin}#{part}" if part else origin

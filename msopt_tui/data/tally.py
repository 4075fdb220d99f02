"""`Tally`: what cleaning dropped and changed, counted, with a few short examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

EXAMPLES = 3
"""Examples kept of every kind of removal."""
EXAMPLE_CHARS = 80


@dataclass(slots=True)
class Tally:
    """What cleaning did."""

    removed: Counter[str] = field(default_factory=Counter)
    """Things dropped: what they were to how many."""
    changed: Counter[str] = field(default_factory=Counter)
    """Things kept in another form: what was done to how often."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """Short excerpts of what was dropped, everything unprintable escaped."""
    bytes_read: int = 0
    """Of the sources' files, as they lie on the disk: how far reading is."""

    def read(self, size: int) -> None:
        """So many bytes more of a file are behind the reader."""
        self.bytes_read += size

    def remove(self, what: str, example: str, count: int = 1) -> None:
        """Count something dropped, and keep an excerpt of the first few."""
        self.removed[what] += count
        shown = self.examples.setdefault(what, [])
        if len(shown) < EXAMPLES:
            shown.append(excerpt(example))

    def change(self, what: str, count: int) -> None:
        """Count something kept in another form."""
        if count:
            self.changed[what] += count

    def summary(self) -> str:
        """What was dropped, in words: `2 repeated documents, 1 empty document`."""
        return ", ".join(f"{count:,} {what}" for what, count in self.removed.most_common())


def excerpt(text: str) -> str:
    """A text's beginning on one line, everything unprintable escaped."""
    line = " ".join(text[: 2 * EXAMPLE_CHARS].split())
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return shown[:EXAMPLE_CHARS]

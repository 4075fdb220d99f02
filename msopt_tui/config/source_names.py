"""What a source is called where a person reads of it."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.config.schema import Source


def names(sources: Sequence[Source]) -> list[str]:
    """A name for each, no two alike: its path without folders, or its kind; the split of a data set beside it."""
    found: list[str] = []
    for number, source in enumerate(sources, 1):
        name = _name(source)
        alike = [one for one in sources if _name(one) == name]
        found.append(f"{name} #{number}" if len(alike) > 1 else name)
    return found


def _name(source: Source) -> str:
    if not source.path:
        return source.kind
    if source.kind == "datasets":
        return " ".join(part for part in (source.path, source.name, source.split) if part)
    return source.path.rstrip("/").rpartition("/")[2] or source.path

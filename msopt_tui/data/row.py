"""`Row`: one row of a table as a source gives it, before anybody knows what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msopt_tui.data.document import label


@dataclass(frozen=True, slots=True)
class Row:
    """The columns of one row and where it came from."""

    values: Mapping[str, object]
    """Column to what JSON can hold: text, numbers, booleans, `None`, lists and objects of these."""
    origin: str
    """What was read, unique within a project: a path relative to the project file, or `kind/name`."""
    part: int
    """Which row of `origin`, counted from 1."""

    @property
    def label(self) -> str:
        """Names the row for a person: `pairs.jsonl#12`."""
        return label(self.origin, self.part)

"""What all row formats share: the text of a row, and rows that can't be read, counted and shown up to a limit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document, label
from msopt_tui.data.errors import DataError
from msopt_tui.data.tally import Tally, excerpt


class BrokenRow(Exception):
    """A row that gives no text; the message says why."""


@dataclass(slots=True)
class BrokenRows:
    """Counts the broken rows of one source; one more than `max_broken_rows` is an error."""

    limit: int
    tally: Tally
    count: int = 0

    def add(self, origin: str, row: int, why: str, sample: str) -> None:
        """Count one; raises DataError where there are too many."""
        self.count += 1
        self.tally.remove("broken rows", f"{label(origin, row)}: {why}: {sample}")
        if self.count > self.limit:
            raise DataError(
                f"{label(origin, row)}: broken row: {why}: {excerpt(sample)}; more than data.sources.max_broken_rows "
                f"= {self.limit} of this source are broken: repair the file, or set the key higher to leave them out"
            )


def origin_of(name: str, source: Source) -> str:
    """Tells columns of one file apart, so that two sources may read two of them."""
    return name if source.text_column == Source().text_column else f"{name}[{source.text_column}]"


def document_of(value: object, origin: str, row: int, tally: Tally) -> Document | None:
    """The document of one row, `None` (and counted) where its text is missing; raises BrokenRow where it is no text."""
    if value is None or value == "":
        tally.remove("rows without text", label(origin, row))
        return None
    if not isinstance(value, str):
        raise BrokenRow(f"a {type(value).__name__} where text is meant")
    return Document(value, origin, row)


def refuse_missing(column: str, columns: Collection[str], where: str) -> None:
    """Raise DataError naming the columns there are, where the wanted one is not among them."""
    if column not in columns:
        known = ", ".join(excerpt(name) for name in columns) or "none"
        raise DataError(f'{where}: has no column "{column}": set data.sources.text_column to one of: {known}')

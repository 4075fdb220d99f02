"""What all row formats share: rows and their text, and rows that can't be read, counted and shown up to a limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from msopt_tui.config.schema import Source
from msopt_tui.data.document import Document, label
from msopt_tui.data.errors import DataError
from msopt_tui.data.row import Row
from msopt_tui.data.sources.values import DEEPEST, TooDeep, plain
from msopt_tui.data.tally import Tally, excerpt


class BrokenRow(Exception):
    """A row that gives no text or no record; the message says why."""


class TooManyBroken(DataError):
    """More broken rows than a source may have."""

    def __init__(self, first: str, way_out: str) -> None:
        super().__init__(f"{first}; {way_out}")
        self.first = first
        """What is wrong with the row that was one too many."""


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
            raise TooManyBroken(
                f"{label(origin, row)}: broken row: {why}: {excerpt(sample)}",
                f"more than data.sources.max_broken_rows = {self.limit} of this source are broken: repair the file, or "
                "set the key higher to leave them out",
            )


def origin_of(name: str, source: Source, column: str = "") -> str:
    """Tells columns of one file apart, so that two sources may read two of them.

    `column` is the one that documents come from; without it whole rows are read.
    """
    if column:
        return name if column == Source().text_column else f"{name}[{column}]"
    return f"{name}[{', '.join(source.columns.values())}]" if source.columns else name


def row_of(values: Mapping[str, object], origin: str, part: int, tally: Tally) -> Row:
    """A row with its values as JSON can hold them. Raises BrokenRow."""
    named = label(origin, part)
    try:
        return Row({name: plain(value, named, tally) for name, value in values.items()}, origin, part)
    except TooDeep:
        raise BrokenRow(f"nested more than {DEEPEST} deep") from None


def documents(rows: Iterable[Row], column: str, tally: Tally, broken: BrokenRows) -> Iterator[Document]:
    """One document a row, its text in one column; raises DataError where too many rows hold no text."""
    for row in rows:
        try:
            text = text_in(row.values, column)
        except BrokenRow as why:
            broken.add(row.origin, row.part, str(why), str(dict(row.values)))
            continue
        if text:
            yield Document(text, row.origin, row.part)
        else:
            tally.remove("rows without text", row.label)


def text_in(values: Mapping[str, object], column: str) -> str:
    """The text in one column, empty where nothing is there; raises BrokenRow where that is no text."""
    value = reach(values, column)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BrokenRow(f"a {type(value).__name__} where text is meant")
    return value


def reach(values: Mapping[str, object], column: str) -> object:
    """The value of a column: its whole name, or a path whose dots reach inside, as in `translation.de` or `turns.0`.

    `None` where something on the way is `None`; raises BrokenRow where there is no such place.
    """
    if column in values:
        return values[column]
    found: object = values
    for part in column.split("."):
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        elif found is None:
            return None
        else:
            raise BrokenRow(f'no column "{column}"')
    return found


def top_of(column: str, columns: Collection[str]) -> str:
    """The column of a table that a column or a dotted path begins in."""
    return column if column in columns else column.partition(".")[0]


def refuse_missing(column: str, columns: Collection[str], where: str) -> None:
    """Raise DataError naming the columns there are, where the wanted one is not among them."""
    if top_of(column, columns) not in columns:
        known = ", ".join(excerpt(name) for name in columns) or "none"
        raise DataError(f'{where}: has no column "{column}": set data.sources.text_column to one of: {known}')


def refuse_repeated(columns: Collection[str], where: str) -> None:
    """Raise DataError where two columns have one name, so that nobody can say which is meant."""
    seen: set[str] = set()
    for name in columns:
        if name in seen:
            raise DataError(f'{where}: two columns are called "{excerpt(name)}": give each a name of its own')
        seen.add(name)

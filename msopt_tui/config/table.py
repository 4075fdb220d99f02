"""The common form of the tables of a project file, and the bounds that many fields share."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

PositiveInt = Annotated[int, Meta(ge=1, le=10**12)]
Count = Annotated[int, Meta(ge=0, le=10**12)]
Fraction = Annotated[float, Meta(ge=0.0, lt=0.5)]
Probability = Annotated[float, Meta(ge=0.0, lt=1.0)]
Name = Annotated[str, Meta(min_length=1)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common form of every table: immutable, by keyword, no key it does not know."""

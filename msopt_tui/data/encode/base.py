"""What every encoder gives: examples as named columns of whole numbers, with the facts that a person is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msopt_tui.data.records.record import Record
from msopt_tui.data.tally import Tally


@dataclass(frozen=True, slots=True)
class Example:
    """One training row, or one of several that a record gives (windows of a long context)."""

    columns: Mapping[str, Sequence[int]]
    """By name, as `Encoder.columns` lists them; each of a length of its own."""
    length: int
    """Tokens that the network reads."""
    supervised: int
    """Targets that the loss is averaged over: tokens, or 1 for a class or a span."""
    truncated: bool = False
    """Whether something was cut to fit."""
    ended: bool = True
    """Whether what is learned ends with the end token, so that the network learns to stop."""


class Encoder(Protocol):
    """Makes examples of one task's records."""

    columns: Mapping[str, str]
    """Every column by name and its NumPy type, such as `<u4`; all examples have all of them."""
    packs: bool
    """Whether several examples may share a row."""

    def encode(self, record: Record, tally: Tally) -> list[Example]:
        """The examples of a record; none, and counted, where nothing of it can be learned."""

    def spell(self, example: Example) -> list[tuple[str, bool]]:
        """The example in pieces of text as the tokens have it, each with whether it is learned: for a person's eyes."""

"""What every encoder gives: examples as named columns of whole numbers, with the facts that a person is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from msopt_tui.data.records.record import Record
from msopt_tui.data.tally import Tally


@dataclass(frozen=True, slots=True)
class Example:
    """One training row, or one of several that a record gives (windows of a long context)."""

    columns: Mapping[str, Sequence[int]]
    """By name, as `Encoder.columns` lists them; each of a length of its own."""
    length: int
    """Tokens that the network reads: of source and target together, of both answers together."""
    supervised: int
    """Targets that the loss is averaged over: tokens, or 1 for a class, a span or a pair of answers."""
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

    def encode_many(self, records: Iterable[Record], tally: Tally) -> Iterator[list[Example]]:
        """`encode` for each record in turn, tokenised many at a time on every core."""

    def spell(self, example: Example) -> list[tuple[str, bool]]:
        """The example in pieces of text as the tokens have it, each with whether it is learned: for a person's eyes."""


@runtime_checkable
class Generative(Protocol):
    """What an encoder knows beside, where the network writes an answer of its own."""

    stops: frozenset[int]
    """Tokens that end an answer: the end token, and the one that a chat template puts after a turn."""

    def prompt_ids(self, record: Record) -> list[int]:
        """What generation starts from: everything before the answer, cut so that an answer has room.

        Of a chat it is what stands before the last answer. Raises DataError where a chat template refuses the chat;
        such a record gives no example either.
        """

    def references(self, record: Record) -> list[str]:
        """Every answer that counts as right, `""` where a question has none; empty where nobody has answered."""

    def source_text(self, record: Record) -> str:
        """What a person is shown of what was asked: the source, the question, the user's last turn."""

    def record_of(self, text: str) -> Record:
        """The record without an answer that a person's own text makes: a source, a question, a user's turn."""

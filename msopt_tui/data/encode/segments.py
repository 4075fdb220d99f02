"""A row in segments: which of its text is learned, and which of it may be cut to make it fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Cut = Literal["keep", "start", "end", "last"]
"""What a row that is too long may take from a segment: nothing; tokens from its start, or from its end; or, only when
nothing is left of those, tokens from its end."""


class Segment(NamedTuple):
    """A stretch of a row that is tokenised by itself, so that no token crosses into what is learned or out of it."""

    text: str | int
    """Text, every character of it literal; or the id of one token that no text stands for."""
    supervised: bool = False
    """Whether its tokens are targets."""
    cut: Cut = "keep"
    rank: int = 0
    """Of what may be cut, the lowest goes first; of equals, the one that stands first."""
    opens: bool = False
    """Whether it is tokenised as the beginning of a text, whatever token stands before it."""


class Coded(NamedTuple):
    """A segment and its tokens."""

    segment: Segment
    ids: list[int]


@dataclass(frozen=True, slots=True)
class Row:
    """What the network reads, and what of it is learned."""

    ids: list[int]
    supervised: list[int]
    """1 where a token is a target, else 0. The first never is: nothing stands before it to predict it from."""
    truncated: bool
    """Whether anything was cut."""
    answer_cut: bool
    """Whether that was something of what is learned."""
    ended: bool
    """Whether what is learned ends with a token that ends it."""


def length(row: Sequence[Coded]) -> int:
    """Tokens of a row."""
    return sum(len(part.ids) for part in row)


def fit(row: Sequence[Coded], limit: int) -> Row | None:
    """The row in at most `limit` tokens; `None` where what may not be cut fills it, and nothing learned would be left.

    What stands for the source is cut before anything of the answer; an answer that is cut loses the token that ends it,
    so that nobody learns to stop where the room ended.
    """
    total = length(row)
    kept, excess = _cut(row, total - limit)
    flags = [flag for part, ids in zip(row, kept, strict=True) for flag in [int(part.segment.supervised)] * len(ids)]
    flags[:1] = [0] * len(flags[:1])
    if excess > 0 or not any(flags):
        return None
    learned = [(part, ids) for part, ids in zip(row, kept, strict=True) if part.segment.supervised]
    last, left = learned[-1]
    return Row(
        ids=[token for ids in kept for token in ids],
        supervised=flags,
        truncated=total > limit,
        answer_cut=any(len(ids) < len(part.ids) for part, ids in learned),
        ended=isinstance(last.segment.text, int) and bool(left),
    )


def prompt(row: Sequence[Coded], limit: int) -> list[int]:
    """The tokens of a row without an answer, cut like `fit` cuts to `limit`; its end where even that is too long."""
    kept, _ = _cut(row, length(row) - limit)
    return [token for ids in kept for token in ids][-limit:]


def _cut(row: Sequence[Coded], excess: int) -> tuple[list[list[int]], int]:
    """What is left of every segment without `excess` tokens, and how many of these could not be taken."""
    kept = [part.ids for part in row]
    excess = max(0, excess)
    for place in _order(row) if excess else ():
        ids = kept[place]
        left = max(0, len(ids) - excess)
        kept[place] = ids[len(ids) - left :] if row[place].segment.cut == "start" else ids[:left]
        excess -= len(ids) - left
    return kept, excess


def _order(row: Sequence[Coded]) -> Iterator[int]:
    """Places of the segments in the order in which they are cut."""
    first = [place for place, part in enumerate(row) if part.segment.cut in ("start", "end")]
    yield from sorted(first, key=lambda place: row[place].segment.rank)
    yield from (place for place in reversed(range(len(row))) if row[place].segment.cut == "last")

"""Rows drawn from several sources by weight: which row a place has is a pure function of seed, weights and place.

Places are dealt out in periods: in each, every source has a fixed number of places, in a random order. So shares are
kept over every short stretch, and how many rows of a source came before any place is known without walking there. Each
source has passes of its own: all of its rows once, in an order that differs from pass to pass, then the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from msopt_tui.data.keyed import Words, keys_of, mix, permute
from msopt_tui.data.tokens import Rows

PERIOD = 1024
"""Places in a period: shares are kept to within 0.1 %."""


class Portion(msgspec.Struct, frozen=True, array_like=True):
    """What one source has of the rows that are drawn."""

    rows: int
    """Rows there are of it; they follow those of the sources before it."""
    weight: float
    """Relative to the other sources; 0 leaves it out."""
    taken: int
    """Rows taken of it before the first place, all passes counted."""


def dealt(weights: Sequence[float]) -> list[int]:
    """Places of each source in a period: by largest remainders, at least one for whoever has a weight [sources].

    Raises ValueError where no weight is above 0, or more sources have one than a period has places.
    """
    total = sum(weights)
    if not total > 0 or sum(weight > 0 for weight in weights) > PERIOD:
        raise ValueError(f"{len(weights)} weights: one of them must be above 0, and {PERIOD} at most")
    exact = [PERIOD * weight / total for weight in weights]
    places = [max(int(share), int(weight > 0)) for share, weight in zip(exact, weights, strict=True)]
    while sum(places) != PERIOD:
        missing = sum(places) < PERIOD
        # Whoever is furthest from its share gives or takes one; nobody gives the last.
        behind = [
            (share - have) * (1 if missing else -1) if have > (0 if missing else 1) else -np.inf
            for share, have in zip(exact, places, strict=True)
        ]
        places[int(np.argmax(behind))] += 1 if missing else -1
    return places


class Mixture:
    """The rows that are drawn from a place on where the portions came into force."""

    def __init__(self, portions: Sequence[Portion], seed: int) -> None:
        """Raises ValueError as `dealt` does."""
        self._portions = list(portions)
        self._deal = dealt([one.weight for one in portions])
        self._seed = mix(np.array([seed], np.uint64) + np.uint64(PERIOD))
        self._begins = np.concatenate([[0], np.cumsum([one.rows for one in portions])]).astype(np.int64)

    def taken(self, places: int) -> list[int]:
        """Rows of each source taken before a place, those before the first place included [sources]."""
        periods, rest = divmod(places, PERIOD)
        inside = np.bincount(self._sources(periods, 1)[:rest], minlength=len(self._portions))
        return [
            one.taken + periods * each + int(more)
            for one, each, more in zip(self._portions, self._deal, inside, strict=True)
        ]

    def rows(self, first: int, count: int) -> tuple[Rows, Words]:
        """The rows of places [count], and for each a key that its pass over its source has alone."""
        period = first // PERIOD
        sources = self._sources(period, -(-(first + count) // PERIOD) - period)
        rows, passes = np.empty(len(sources), np.int64), np.empty(len(sources), np.uint64)
        for number, (portion, begins) in enumerate(zip(self._portions, self._begins, strict=False)):
            places = np.flatnonzero(sources == number)
            if not len(places):
                continue
            counted = np.arange(len(places)) + portion.taken + period * self._deal[number]
            through, inside = np.divmod(counted.astype(np.uint64), np.uint64(portion.rows))
            passes[places] = mix(mix(self._seed + np.uint64(number)) ^ mix(through))
            rows[places] = begins + permute(inside, keys_of(passes[places]), portion.rows).astype(np.int64)
        wanted = slice(first - period * PERIOD, first - period * PERIOD + count)
        return rows[wanted], passes[wanted]

    def _sources(self, period: int, count: int) -> Rows:
        """The source of every place of some periods [count · PERIOD]."""
        dealt = np.repeat(np.arange(len(self._deal)), self._deal)
        places = np.arange(PERIOD, dtype=np.uint64)
        numbers = np.arange(period, period + count, dtype=np.uint64)
        keys = keys_of(np.repeat(mix(self._seed ^ mix(numbers)), PERIOD))
        return dealt[permute(np.tile(places, count), keys, PERIOD).astype(np.int64)]


def portions_for(rows: Sequence[int], weights: Sequence[float], taken: Sequence[int]) -> tuple[Portion, ...]:
    """Portions of sources that have so many rows, of which so many were taken."""
    return tuple(Portion(*one) for one in zip(rows, map(float, weights), taken, strict=True))

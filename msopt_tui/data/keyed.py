"""Keyed permutations of any size, computed and never stored.

A Feistel network over the domain a·b with modular addition and cycle walking (Black and Rogaway 2002, "Ciphers with
arbitrary finite domains", methods "generalised Feistel" and "cycle walking").
"""

from __future__ import annotations

from math import isqrt

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

ROUNDS = 6
"""Rounds of the network; with good round functions four already make it pseudorandom (Luby and Rackoff 1988)."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)


def mix(words: Words) -> Words:
    """The output function of splitmix64 (Steele, Lea and Flood 2014), word by word: a bijection that scatters bits."""
    words = words + _GOLDEN
    words = (words ^ (words >> np.uint64(30))) * _MULTIPLY_1
    words = (words ^ (words >> np.uint64(27))) * _MULTIPLY_2
    return words ^ (words >> np.uint64(31))


def keys_of(seeds: Words) -> Words:
    """Keys for `permute` [ROUNDS, n] from a number for each index [n]; equal numbers mean the same permutation."""
    return mix(seeds + np.arange(1, ROUNDS + 1, dtype=np.uint64)[:, None])


def permute(indices: Words, keys: Words, size: int) -> Words:
    """Place of every index [n] in a permutation of range(size); `keys` [ROUNDS, n] say in which one.

    For one column of keys, different indices get different places and every place is below `size`.
    """
    rows = np.uint64(isqrt(size - 1) + 1) if size > 1 else np.uint64(1)
    columns = np.uint64(-(-size // int(rows)))
    places = _network(indices, keys, rows, columns)
    # The domain is at most isqrt(size) larger than size: whoever lands outside walks on until inside.
    outside = np.flatnonzero(places >= size)
    while len(outside):
        places[outside] = _network(places[outside], keys[:, outside], rows, columns)
        outside = outside[places[outside] >= size]
    return places


def _network(indices: Words, keys: Words, rows: np.uint64, columns: np.uint64) -> Words:
    left, right = np.divmod(indices, columns)
    for number, key in enumerate(keys):
        if number % 2:
            right = (right + mix(left ^ key)) % columns
        else:
            left = (left + mix(right ^ key)) % rows
    return left * columns + right

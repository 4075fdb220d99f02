"""Train, validation and test by whole documents: the same documents in the same split, whatever their order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from msopt_tui.data.corpus import Digests, Indices
from msopt_tui.data.errors import DataError

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
Splits = dict[SplitName, Indices]
"""Which documents of a corpus are in which split, and in which order."""

TOLERANCE = 0.1
"""A split may miss its share by this much of the share before a less fitting choice is looked for."""
CAPS = (1 / 2, 1 + TOLERANCE)
"""Largest document allowed in a split, as a share of what the split wants. A split shall have several documents where
that is possible, so larger ones only come in while it is not full."""
MORE_DOCUMENTS = 'spread the text over more files, or set document = "paragraphs" in [[data.sources]]'
LAST_RESORT = 2.0
"""A split that is still empty takes the smallest document, if that is not more than this times what was asked for."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """Documents with one and the same text, which must not part; in hash order."""

    documents: Indices
    """Every document [documents], group after group."""
    bounds: Indices
    """Where groups begin in `documents` [groups], and its length at the end."""
    sizes: Indices
    """Characters of all documents of a group [groups]."""

    def take(self, groups: Indices) -> Indices:
        """The documents of some groups, in order."""
        parts = [self.documents[self.bounds[group] : self.bounds[group + 1]] for group in groups]
        return np.concatenate(parts) if parts else self.documents[:0]


def split(
    digests: Digests, characters: Indices, validation_fraction: float, test_fraction: float
) -> dict[SplitName, Indices]:
    """Every document in exactly one split, by index, in the order of their digests [documents].

    A digest is a hash of (seed, text). Fractions are of the characters [documents]; a fraction of 0 gives an empty
    split. The test split is drawn first, so that it does not change with `validation_fraction`. Raises DataError where
    a wanted split would stay empty.
    """
    groups = _grouped(digests, characters)
    rest = np.arange(len(groups.sizes))
    total = int(groups.sizes.sum())
    chosen: dict[SplitName, Indices] = {}
    wanted: tuple[tuple[SplitName, float], ...] = (("test", test_fraction), ("validation", validation_fraction))
    for name, fraction in wanted:
        sizes = groups.sizes[rest]
        places = _draw(sizes, fraction * total) if fraction else rest[:0]
        if fraction and not len(places):
            raise DataError(_too_coarse(name, fraction, sizes, total))
        chosen[name] = groups.take(rest[places])
        rest = np.delete(rest, places)
    if not len(rest):
        raise DataError("no document is left to train on: lower data.validation_fraction and data.test_fraction")
    chosen["train"] = groups.take(rest)
    return {name: chosen[name] for name in SPLITS}


def _grouped(digests: Digests, characters: Indices) -> _Groups:
    order = np.argsort(digests, kind="stable")
    in_order = digests[order]
    first = np.concatenate([np.ones(min(1, len(order)), bool), in_order[1:] != in_order[:-1]])
    begins = np.flatnonzero(first)
    sizes = np.add.reduceat(characters[order], begins) if len(begins) else characters
    return _Groups(order, np.append(begins, len(order)), sizes)


def _draw(sizes: Indices, target: float) -> Indices:
    """Places of groups of about `target` characters together [drawn], in their order."""
    drawn: set[int] = set()
    size = 0
    for cap in CAPS:
        for place in np.flatnonzero(sizes <= cap * target).tolist():
            if size >= target * (1 - TOLERANCE):
                break
            more = int(sizes[place])
            if place not in drawn and size + more <= target * (1 + TOLERANCE):
                drawn.add(place)
                size += more
    if not drawn and len(sizes) > 1 and sizes.min() <= LAST_RESORT * target:
        drawn.add(int(sizes.argmin()))
    return np.array(sorted(drawn), np.int64)


def _too_coarse(name: SplitName, fraction: float, sizes: Indices, total: int) -> str:
    if len(sizes) < 2:
        return (
            f"the {name} split would be empty: too few different documents, and a document is never cut; "
            f"{MORE_DOCUMENTS}"
        )
    smallest = int(sizes.min())
    enough = math.ceil(100 * smallest / total) / 100
    raising = f", or set data.{name}_fraction to at least {enough:g}" if enough < 0.5 else ""
    return (
        f"the {name} split would be empty: data.{name}_fraction = {fraction:g} asks for {fraction * total:,.0f} "
        f"characters, the shortest of {len(sizes)} documents has {smallest:,}, and a document is never cut; "
        f"{MORE_DOCUMENTS}{raising}"
    )

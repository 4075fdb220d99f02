"""Documents that are nearly the same, found by MinHash (Broder 1997) and locality-sensitive hashing.

Two documents are as alike as their sets of five-word sequences are: |A ∩ B| / |A ∪ B|. It is estimated from 128
permutations, with a standard error of at most 0.045 (0.035 at 0.8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from rensa import RMinHash, RMinHashLSH

from msopt_tui.data.corpus import Corpus, Indices
from msopt_tui.data.tally import Tally

PERMUTATIONS = 128
SEED = 1
WORDS = 5
"""Words in a sequence."""
CHARACTERS = 12
"""Characters in a sequence where words are not set apart by spaces, as in Chinese, Japanese and Thai."""
LONG_WORDS = 20
"""Text with more characters a word than this sets no words apart."""
FEWEST = 16
"""A text of fewer sequences is not compared: one word more or less would already make it another."""
BANDS = {0.65: 32, 0.0: 64}
"""From which threshold on how many bands: a pair at the threshold is found with a probability of 99.7 % and more."""
LEAKAGE_THRESHOLD = 0.8
"""How alike documents of different splits may be where `near_duplicates` says nothing."""

Signature = npt.NDArray[np.uint32]


def sequences(text: str) -> list[str]:
    """The word sequences of a text, letter case and white space ignored; characters where words are not set apart."""
    words = text.lower().split()
    if len(words) * LONG_WORDS < len(text):
        joined = "".join(words)
        return [joined[start : start + CHARACTERS] for start in range(len(joined) - CHARACTERS + 1)]
    return list(map(" ".join, zip(*(words[start:] for start in range(WORDS)), strict=False)))


class NearIndex:
    """Documents that later ones are compared with."""

    def __init__(self, threshold: float) -> None:
        bands = next(count for least, count in BANDS.items() if threshold >= least)
        self._threshold = threshold
        self._lsh = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=bands)
        self._signatures: list[Signature] = []
        self._keys: list[int] = []

    def like(self, text: str, add_as: int | None = None) -> int | None:
        """The document most like this text, where one is like it; else the text is added under a number, if given."""
        parts = sequences(text)
        if len(parts) < FEWEST:
            return None
        minhash = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
        minhash.update(parts)
        signature = np.array(minhash.digest(), np.uint32)
        candidates: list[int] = sorted(self._lsh.query(minhash))
        if candidates:
            alike = (np.stack([self._signatures[place] for place in candidates]) == signature).mean(axis=1)
            best = int(alike.argmax())
            if alike[best] >= self._threshold:
                return self._keys[candidates[best]]
        if add_as is not None:
            self._lsh.insert(len(self._keys), minhash)
            self._signatures.append(signature)
            self._keys.append(add_as)
        return None


def drop_near_duplicates(corpus: Corpus, threshold: float, tally: Tally, each: Callable[[int], None]) -> Indices:
    """Every document that no earlier one is like, by index [kept]; `each` hears how many are done."""
    index = NearIndex(threshold)
    digests = corpus.digests
    kept = []
    for number in range(len(corpus)):
        original = index.like(corpus.comparable(number), add_as=number)
        # Rows of one group are meant to be alike, as the questions about one text are; no split parts them.
        if original is None or (corpus.has_groups and digests[number] == digests[original]):
            kept.append(number)
        else:
            tally.remove("nearly repeated documents", f"{corpus.label(number)} is like {corpus.label(original)}")
        each(number + 1)
    return np.array(kept, np.int64)


def index_of(corpus: Corpus, documents: Iterable[int], threshold: float, each: Callable[[int], None]) -> NearIndex:
    """Documents to compare others with; `each` hears how many are done."""
    index = NearIndex(threshold)
    for done, number in enumerate(documents, 1):
        index.like(corpus.comparable(number), add_as=number)
        each(done)
    return index

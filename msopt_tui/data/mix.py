"""Sources mixed by weight: whole training documents left out or repeated, the split as large as before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from msopt_tui.data.corpus import Corpus, Indices
from msopt_tui.data.errors import DataError
from msopt_tui.data.keyed import Words, mix
from msopt_tui.data.tally import Tally


def weigh(corpus: Corpus, train: Indices, weights: Sequence[float], seed: int, tally: Tally) -> Indices:
    """The training documents by index, so that every source has its share of their characters [documents].

    A source gets weight / (sum of weights) of the characters of `train`. Its documents are all taken as often as they
    fit in whole, then as many more as come closest, in the order of `train`; the result is in a random order that
    depends on texts and seed alone. Raises DataError for a source of which nothing is left.
    """
    characters, source_of = corpus.characters[train], corpus.sources[train]
    total = int(characters.sum())
    parts, rounds = [], []
    for number, weight in enumerate(weights):
        places = np.flatnonzero(source_of == number)
        if not len(places):
            raise DataError(
                f"data.sources: source {number + 1} has a weight, but none of its text is in the train split: "
                "check it, or leave it out"
            )
        target = total * weight / sum(weights)
        chosen, repeats = _repeated(characters[places], target)
        parts.append(train[places[chosen]])
        rounds.append(repeats)
        times = len(chosen) - len(places)
        if times > 0:
            tally.change("training documents repeated for their source's weight", times)
        elif times < 0:
            left_out = corpus.label(int(train[places[-1]]))
            tally.remove("training documents left out for their source's weight", left_out, -times)
    documents = np.concatenate(parts)
    return documents[np.argsort(_shuffled(corpus, documents, np.concatenate(rounds), seed), kind="stable")]


def _repeated(characters: Indices, target: float) -> tuple[Indices, Indices]:
    """Places of documents that have about `target` characters together [chosen], and which repetition each is."""
    whole, rest = divmod(target, int(characters.sum()))
    full = np.tile(np.arange(len(characters)), int(whole))
    sums = np.concatenate([[0], np.cumsum(characters)])
    more = int(np.abs(sums - rest).argmin())
    if not whole and not more:
        # A source that has a weight is never left out altogether.
        more = 1
    chosen = np.concatenate([full, np.arange(more)])
    return chosen, np.arange(len(chosen)) // len(characters)


def _shuffled(corpus: Corpus, documents: Indices, repeats: Indices, seed: int) -> Words:
    """A random number for every document and repetition [documents]; the same for the same text."""
    words = corpus.digests.view("<u8").reshape(-1, 2)[documents, 0]
    return mix(words.astype(np.uint64) ^ mix(repeats.astype(np.uint64) + mix(np.array([seed], np.uint64))))

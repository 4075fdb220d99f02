"""Text of validation and test that stands in the train split too: it would make every metric look better than it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from msopt_tui.data.corpus import Corpus, Indices
from msopt_tui.data.duplicates import digest, drop_paragraphs, paragraph_keys
from msopt_tui.data.near import NearIndex, index_of
from msopt_tui.data.tally import Tally


def drop_leaks(
    corpus: Corpus,
    train: Indices,
    held_out: Sequence[int],
    threshold: float,
    paragraphs: bool,
    tally: Tally,
    each: Callable[[int], None],
    each_held_out: Callable[[int], None],
) -> Indices:
    """The documents of the train split that stay [kept]; those that lose paragraphs are replaced in the corpus.

    A document goes that is like a held-out one by `threshold` or more (0: only paragraphs are looked at). `each` and
    `each_held_out` hear how many of these are done.
    """
    index = index_of(corpus, held_out, threshold, each_held_out) if threshold else None
    known = {digest(key) for text in corpus.texts(held_out) for key in paragraph_keys(text)} if paragraphs else set()
    kept = []
    for done, number in enumerate(train.tolist(), 1):
        text = _without_leaks(corpus, number, index, known, tally)
        if text is not None:
            kept.append(number)
            if text:
                corpus.replace(number, text)
        each(done)
    return np.array(kept, np.int64)


def drop_equal(
    corpus: Corpus, train: Indices, held_out: Sequence[int], tally: Tally, each: Callable[[int], None]
) -> Indices:
    """The documents of the train split that are compared by another text than every held-out one [kept].

    Rows are often too short for `NearIndex`, and the same question with another answer is a leak too. `each` hears how
    many are done.
    """
    known = {digest(corpus.comparable(number)) for number in held_out}
    keep = []
    for done, number in enumerate(train.tolist(), 1):
        each(done)
        keep.append(digest(corpus.comparable(number)) not in known)
        if not keep[-1]:
            tally.remove("training rows that stand in validation or test", corpus.label(number))
    return train[keep]


def _without_leaks(corpus: Corpus, number: int, index: NearIndex | None, known: set[bytes], tally: Tally) -> str | None:
    """A document's text where it lost something, nothing where it stays as it is, `None` where it goes."""
    original = index.like(corpus.comparable(number)) if index else None
    if original is not None:
        shown = f"{corpus.label(number)} is like {corpus.label(original)}"
        tally.remove("training documents like one of validation or test", shown)
        return None
    if not known:
        return ""
    text = corpus.text(number)
    # Most documents share no paragraph: the keys tell in half the time that taking the text apart would need.
    if not any(digest(key) in known for key in paragraph_keys(text)):
        return ""
    left, dropped = drop_paragraphs(text, lambda key: digest(key) in known)
    for paragraph in dropped:
        tally.remove("training paragraphs that stand in validation or test", paragraph)
    if dropped and not left:
        tally.remove("training documents of nothing but leaked paragraphs", corpus.label(number))
        return None
    return left if dropped else ""

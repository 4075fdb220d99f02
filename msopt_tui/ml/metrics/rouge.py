"""ROUGE-1, ROUGE-2 and ROUGE-L (Lin 2004) by Google's rouge_score, with words of any script.

`use_stemmer` is False: words count as they stand. ROUGE-L is over the whole text (not the summary-level ROUGE-Lsum,
which would need a sentence splitter), so that nothing of nltk's data is ever looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Protocol

from msopt_tui.ml.metrics.average import percent
from msopt_tui.ml.metrics.words import words

KINDS = ("rouge1", "rouge2", "rougeL")
"""The names of rouge_score and of our table of metrics."""


class _Score(Protocol):
    fmeasure: float


class _Scorer(Protocol):
    def score(self, target: str, prediction: str) -> Mapping[str, _Score]: ...


class _Words:
    """The tokenizer given to rouge_score."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


@cache
def _scorer() -> _Scorer:
    # Here and not above: it imports nltk, which takes half a second.
    from rouge_score.rouge_scorer import RougeScorer

    scorer: _Scorer = RougeScorer(list(KINDS), use_stemmer=False, tokenizer=_Words())
    return scorer


def rouge_pair(prediction: str, reference: str) -> dict[str, float]:
    """F1 (0 to 1) by kind, of one pair; 0 where either text has no word (ROUGE-2: only one).

    Time and memory of ROUGE-L grow with words × words, in pure Python: 500 by 500 take a tenth of a second, 5,000 by
    5,000 ten seconds and 200 MB. Nothing else grows faster than the texts.
    """
    scores = _scorer().score(reference, prediction)
    return {kind: float(scores[kind].fmeasure) for kind in KINDS}


def rouge_mean(pairs: Iterable[Mapping[str, float]]) -> dict[str, float | None]:
    """`rouge1`, `rouge2` and `rougeL` of a corpus: the mean of the pairs' F1 (per cent); `None` without pairs."""
    rows = list(pairs)
    return {kind: percent([row[kind] for row in rows]) for kind in KINDS}


def rouge(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float | None]:
    """The same, from texts; raises ValueError where their numbers differ."""
    return rouge_mean(rouge_pair(*pair) for pair in zip(predictions, references, strict=True))

"""When to say that a question has no answer: thresholds on the null score, as in SQuAD 2.0's evaluation script.

The null score of a question says how much more likely than any span the model holds it that there is none: a
probability, or the difference of two scores. Above the threshold the answer is empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter

from msopt_tui.ml.metrics.squad import AnswerScore


@dataclass(frozen=True, slots=True)
class BestThreshold:
    """The threshold under which a figure is highest, found on the questions it is measured on: an upper bound."""

    value: float
    """The figure reached there (per cent)."""
    threshold: float
    """The lowest such null score; below all of them where it is best to answer nothing (0 if all are positive)."""


def with_threshold(scores: Sequence[AnswerScore], null: Sequence[float], threshold: float) -> list[AnswerScore]:
    """The scores of answers, emptied where the null score is above `threshold`: right if there is no answer."""
    return [score if at <= threshold else _unanswered(score.has_answer) for score, at in zip(scores, null, strict=True)]


def best_exact_match(scores: Sequence[AnswerScore], null: Sequence[float]) -> BestThreshold | None:
    """The best exact match over all thresholds; `None` without questions or for null scores that are not finite."""
    return _best(scores, null, lambda score: score.exact_match)


def best_f1(scores: Sequence[AnswerScore], null: Sequence[float]) -> BestThreshold | None:
    """The best F1 over all thresholds; `None` without questions or for null scores that are not finite."""
    return _best(scores, null, lambda score: score.f1)


def _best(
    scores: Sequence[AnswerScore], null: Sequence[float], figure: Callable[[AnswerScore], float]
) -> BestThreshold | None:
    """Start with nothing answered, let the questions in from the lowest null score on, keep the best place to stop.

    The script's search but for two things, so that the threshold reaches the figure: questions of the same null score
    come in together, where the script may stop between them, and answers that normalise to nothing count as what they
    scored.
    """
    if not scores or not all(map(math.isfinite, null)):
        return None
    rows = sorted(zip(null, scores, strict=True), key=itemgetter(0))
    gains = (figure(score) - figure(_unanswered(score.has_answer)) for _, score in rows)
    unanswerable = sum(not score.has_answer for score in scores)
    best = float(unanswerable)
    threshold = min(0.0, math.nextafter(rows[0][0], -math.inf))
    for at, total in enumerate(accumulate(gains, initial=best)):
        stops_here = at == len(rows) or (at > 0 and rows[at - 1][0] < rows[at][0])
        if stops_here and total > best:
            best, threshold = total, rows[at - 1][0]
    return BestThreshold(100.0 * best / len(scores), threshold)


def _unanswered(has_answer: bool) -> AnswerScore:
    right = float(not has_answer)
    return AnswerScore(right, right, has_answer)

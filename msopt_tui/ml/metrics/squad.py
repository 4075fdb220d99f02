"""Exact match and F1 of answers, as SQuAD's evaluation scripts 1.1 and 2.0 count them (Rajpurkar et al. 2016, 2018).

The two scripts differ in what has no words after normalisation: under 1.1 it has F1 0 whatever it is compared with;
under 2.0 F1 is 1 where both sides have none, reference answers without words are left out, and a question left without
any (unanswerable ones above all) expects the empty answer.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msopt_tui.data.errors import DataError
from msopt_tui.ml.metrics.average import percent
from msopt_tui.ml.metrics.words import segments

Rules = Literal["1.1", "2.0"]
Segmentation = Literal["words", "mixed"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = frozenset(string.punctuation)


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """One question's."""

    exact_match: float
    """1 or 0."""
    f1: float
    """0 to 1."""
    has_answer: bool
    """Whether the question has a reference answer at all."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """Compares answers with references."""

    rules: Rules = "2.0"
    segmentation: Segmentation = "words"
    """`words`: SQuAD's own, for English and other text with spaces. `mixed`: for text without them, as MLQA's script
    does it for Chinese: all of Unicode's punctuation goes, articles stay, and letters of scripts without spaces are
    words by themselves (`words.segments`). CMRC 2018 cuts alike but takes F1 over the longest common substring; here
    it is over the words, in any order, as in SQuAD and MLQA."""

    def score(self, prediction: str, answers: Sequence[str]) -> AnswerScore:
        """The best that `prediction` reaches over the references `answers`; none of them: unanswerable.

        An empty prediction says that there is no answer. Raises DataError for an unanswerable question under the
        rules of 1.1, which know none.
        """
        if not answers and self.rules == "1.1":
            raise DataError("a question without an answer: SQuAD 1.1 has none; take the rules of 2.0")
        predicted = self.tokens(prediction)
        references = [self.tokens(answer) for answer in answers]
        if self.rules == "2.0":
            references = [tokens for tokens in references if tokens] or [[]]
        exact = max(float(predicted == tokens) for tokens in references)
        return AnswerScore(exact, max(self._f1(predicted, tokens) for tokens in references), bool(answers))

    def tokens(self, text: str) -> list[str]:
        """The words of a normalised answer: lower-cased, without punctuation and articles. Exact match compares these.

        SQuAD compares them joined with spaces, which is the same, as no word contains one. Its punctuation is ASCII's.
        """
        if self.segmentation == "mixed":
            return segments("".join(c for c in text.lower() if not _is_punctuation(c)))
        kept = "".join(c for c in text.lower() if c not in _ASCII_PUNCTUATION)
        return _ARTICLES.sub(" ", kept).split()

    def _f1(self, predicted: list[str], reference: list[str]) -> float:
        if self.rules == "2.0" and not (predicted and reference):
            return float(predicted == reference)
        common = (Counter(predicted) & Counter(reference)).total()
        if not common:
            return 0.0
        precision = common / len(predicted)
        recall = common / len(reference)
        return 2 * precision * recall / (precision + recall)


def summary(scores: Sequence[AnswerScore]) -> dict[str, float | None]:
    """`exact_match` and `f1` over all questions (per cent); `None` without any.

    Where some are unanswerable also `has_answer_exact_match` and `has_answer_f1` over the others, and
    `no_answer_exact_match` over the unanswerable ones, whose F1 is the same figure.
    """
    metrics = {
        "exact_match": percent([score.exact_match for score in scores]),
        "f1": percent([score.f1 for score in scores]),
    }
    unanswerable = [score for score in scores if not score.has_answer]
    if unanswerable:
        answerable = [score for score in scores if score.has_answer]
        metrics["has_answer_exact_match"] = percent([score.exact_match for score in answerable])
        metrics["has_answer_f1"] = percent([score.f1 for score in answerable])
        metrics["no_answer_exact_match"] = percent([score.exact_match for score in unanswerable])
    return metrics


def _is_punctuation(character: str) -> bool:
    return character in _ASCII_PUNCTUATION or unicodedata.category(character).startswith("P")

"""Question answering is judged by exact match and F1 as the SQuAD scripts define them, whoever answers."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.ml.metrics.squad import Scorer, summary
from msopt_tui.ml.tasks.base import Predictions


class Squad:
    """The rules of version 2.0, which are those of 1.1 where every question has an answer."""

    def __init__(self) -> None:
        self._scorer = Scorer()

    def score(self, answers: Sequence[str], references: Sequence[Sequence[str]]) -> Predictions:
        """An empty answer says that there is none; an empty reference that this is right."""
        scores = [self._scorer.score(text, known(right)) for text, right in zip(answers, references, strict=True)]
        return Predictions(summary(scores))

    def note(self, answer: str, references: Sequence[str]) -> tuple[str, bool | None]:
        """F1 of one question, and whether it is an exact match."""
        score = self._scorer.score(answer, known(references))
        return f"F1 {100 * score.f1:.0f}", bool(score.exact_match)


def known(references: Sequence[str]) -> list[str]:
    """The answers there are; `""` stands for none."""
    return [text for text in references if text]

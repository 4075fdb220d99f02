"""Summarisation is judged by ROUGE-1, ROUGE-2 and ROUGE-L."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.ml.metrics.rouge import rouge, rouge_pair
from msopt_tui.ml.tasks.base import Predictions


class Rouge:
    """F1 of shared words, word pairs and the longest common subsequence, against the first reference."""

    def score(self, answers: Sequence[str], references: Sequence[Sequence[str]]) -> Predictions:
        """Means over the rows (per cent)."""
        return Predictions(rouge(answers, [one[0] if one else "" for one in references]))

    def note(self, answer: str, references: Sequence[str]) -> tuple[str, bool | None]:
        """ROUGE-L of one row."""
        return f"ROUGE-L {rouge_pair(answer, references[0] if references else '')['rougeL']:.0f}", None

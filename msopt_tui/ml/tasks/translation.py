"""Translation is judged by BLEU and chrF over the corpus, as sacrebleu computes and signs them."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.ml.metrics.translation import bleu, check_tokenizer, chrf
from msopt_tui.ml.tasks.base import Predictions


class Bleu:
    """Corpus BLEU and chrF against the first reference."""

    def __init__(self, tokenize: str) -> None:
        """Raises DataError for a tokenizer that is not installed: before training rather than after it."""
        check_tokenizer(tokenize)
        self._tokenize = tokenize

    def score(self, answers: Sequence[str], references: Sequence[Sequence[str]]) -> Predictions:
        """Both with their signatures."""
        first = [one[0] if one else "" for one in references]
        scores = {"bleu": bleu(answers, first, self._tokenize), "chrf": chrf(answers, first)}
        return Predictions(
            metrics={name: score.value for name, score in scores.items()},
            signatures={name: score.signature for name, score in scores.items() if score.signature},
        )

    def note(self, answer: str, references: Sequence[str]) -> tuple[str, bool | None]:
        """chrF of one row: BLEU of one sentence says little."""
        score = chrf([answer], [references[0] if references else ""])
        return f"chrF {score.value or 0.0:.0f}", None

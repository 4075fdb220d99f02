"""BLEU (Papineni et al. 2002) and chrF (Popović 2015) of a corpus, by sacrebleu (Post 2018), with its signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msopt_tui.data.errors import DataError

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

TOKENIZERS = {
    "13a": "words and punctuation as in the WMT campaigns; languages with spaces",
    "intl": "the same with Unicode's punctuation and symbols",
    "zh": "Chinese: characters, other scripts as words",
    "char": "every character; Japanese, Thai and others without spaces",
    "ja-mecab": "Japanese words; needs sacrebleu[ja]",
}
"""sacrebleu's tokenizers for BLEU that download nothing, and what they are for."""


@dataclass(frozen=True, slots=True)
class Score:
    """A figure and how it came about."""

    value: float | None
    """0 to 100; `None` without rows."""
    signature: str
    """sacrebleu's: without it two figures can't be compared. Empty without rows."""


def check_tokenizer(tokenize: str) -> None:
    """Raise DataError for a tokenizer that is unknown or not installed: ask before training, not after it."""
    _bleu(tokenize)


def bleu(hypotheses: Sequence[str], references: Sequence[str], tokenize: str = "13a") -> Score:
    """Corpus BLEU of `hypotheses` against one reference each, in the same order.

    Up to 4-grams, case kept, exponential smoothing: sacrebleu's defaults. N-grams and lengths are summed over the
    corpus, so that an empty hypothesis counts through the brevity penalty and an empty reference as unmatched words;
    a corpus without a match, or whose hypotheses have no four words in a row, scores 0. Raises ValueError where the
    numbers differ, and DataError as `check_tokenizer` does.
    """
    _check_lengths(hypotheses, references)
    metric = _bleu(tokenize)
    if not hypotheses:
        return Score(None, "")
    value = float(metric.corpus_score(hypotheses, [references]).score)
    return Score(value, str(metric.get_signature()))


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Corpus chrF2 of `hypotheses` against one reference each: character 6-grams without white space, recall × 2.

    Needs no tokenizer, so that it is the same for all scripts. Raises ValueError where the numbers differ.
    """
    from sacrebleu.metrics.chrf import CHRF

    _check_lengths(hypotheses, references)
    if not hypotheses:
        return Score(None, "")
    metric = CHRF()
    value = float(metric.corpus_score(hypotheses, [references]).score)
    return Score(value, str(metric.get_signature()))


def _bleu(tokenize: str) -> BLEU:
    if tokenize not in TOKENIZERS:
        raise DataError(f"task.bleu_tokenize: {tokenize!r} is unknown; there are: {', '.join(TOKENIZERS)}")
    # Here and not above: it takes a quarter of a second.
    from sacrebleu.metrics.bleu import BLEU

    try:
        return BLEU(tokenize=tokenize)
    except RuntimeError as error:
        message = f"task.bleu_tokenize: {tokenize} needs more packages: pip install 'sacrebleu[ja]'; or take 'char'"
        raise DataError(message) from error


def _check_lengths(hypotheses: Sequence[str], references: Sequence[str]) -> None:
    # sacrebleu would leave the longer one's rest out without a word.
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses, but {len(references)} references")

"""Every metric an evaluation can report: unit, direction and definition, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """What a figure means."""

    name: str
    label: str
    short: str
    """The label in a narrow column: six characters at most."""
    unit: str
    """Empty for a number without one; every share is in per cent."""
    better: Literal["lower", "higher"]
    definition: str
    """How it is counted, with the source where the rule is somebody else's."""
    digits: int = 4
    """Decimals worth showing."""


_ROWS = (
    Metric(
        "loss",
        "loss",
        "loss",
        "nats",
        "lower",
        "Cross-entropy in float32, summed over the predicted tokens in float64, divided by their number; per row where "
        "a row is one decision (a class, a span, a pair of answers). By source (`source_losses`): the same over the "
        "targets in the documents of each.",
    ),
    Metric("perplexity", "perplexity", "ppl", "", "lower", "exp(loss), over the tokens of the loss.", 2),
    Metric(
        "bits_per_byte",
        "bits/byte",
        "bits/B",
        "bits",
        "lower",
        "Summed cross-entropy / ln 2 / UTF-8 bytes of the text that the predicted tokens stand for, so that models "
        "with different tokenizers compare.",
    ),
    Metric(
        "accuracy",
        "accuracy",
        "acc %",
        "%",
        "higher",
        "Share for which the most likely is the right one: of the predicted tokens (language models, causal or "
        "masked), of the rows (classification).",
        2,
    ),
    Metric(
        "rouge1",
        "ROUGE-1",
        "R-1 %",
        "%",
        "higher",
        "F1 of the words that prediction and reference share, mean over the pairs (Lin 2004; rouge_score, "
        "use_stemmer=False). Words: lower-cased runs of letters and digits; single letters in scripts without spaces. "
        "A pair with an empty side counts 0.",
        2,
    ),
    Metric("rouge2", "ROUGE-2", "R-2 %", "%", "higher", "As ROUGE-1, of the pairs of adjacent words.", 2),
    Metric(
        "rougeL",
        "ROUGE-L",
        "R-L %",
        "%",
        "higher",
        "As ROUGE-1, of the longest common subsequence of words of the whole texts (not ROUGE-Lsum).",
        2,
    ),
    Metric(
        "bleu",
        "BLEU",
        "BLEU",
        "",
        "higher",
        "Corpus BLEU, 0 to 100: geometric mean of the precisions of 1- to 4-grams × brevity penalty, exponential "
        "smoothing, case kept, one reference (Papineni et al. 2002; sacrebleu, Post 2018). Compares only with figures "
        "of the same signature, which names tokenizer and version.",
        2,
    ),
    Metric(
        "chrf",
        "chrF",
        "chrF",
        "",
        "higher",
        "Corpus chrF2, 0 to 100: F-score of the character 1- to 6-grams without white space, recall weighted twice "
        "(Popović 2015; sacrebleu's defaults).",
        2,
    ),
    Metric(
        "exact_match",
        "exact match",
        "EM %",
        "%",
        "higher",
        "Share of the questions whose answer equals a reference after normalisation: lower case, without punctuation "
        "and English articles (SQuAD 1.1 and 2.0, Rajpurkar et al. 2016, 2018). Unanswerable: the empty answer is "
        "right.",
        2,
    ),
    Metric(
        "f1",
        "F1",
        "F1 %",
        "%",
        "higher",
        "F1 of the words shared with the reference that fits best, mean over the questions; normalised as for exact "
        "match (SQuAD). With mixed segmentation, letters of scripts without spaces are words (MLQA, Lewis et al. "
        "2020).",
        2,
    ),
    Metric(
        "has_answer_exact_match",
        "exact match (answerable)",
        "EM ans",
        "%",
        "higher",
        "Exact match over the questions that have an answer (SQuAD 2.0's HasAns_exact).",
        2,
    ),
    Metric(
        "has_answer_f1",
        "F1 (answerable)",
        "F1 ans",
        "%",
        "higher",
        "F1 over the questions that have an answer (SQuAD 2.0's HasAns_f1).",
        2,
    ),
    Metric(
        "no_answer_exact_match",
        "exact match (unanswerable)",
        "no ans",
        "%",
        "higher",
        "Share of the unanswerable questions answered with nothing (SQuAD 2.0's NoAns_exact, the same as NoAns_f1).",
        2,
    ),
    Metric(
        "precision_macro",
        "precision (macro)",
        "prec %",
        "%",
        "higher",
        "Of the rows predicted to be of a class, the share that is; mean over the classes that occur among true or "
        "predicted labels, 0 for one never predicted (scikit-learn's macro average, zero_division=0).",
        2,
    ),
    Metric(
        "recall_macro",
        "recall (macro)",
        "rec %",
        "%",
        "higher",
        "Of the rows of a class, the share predicted to be; mean over the classes as for precision.",
        2,
    ),
    Metric(
        "f1_macro",
        "F1 (macro)",
        "F1 mac",
        "%",
        "higher",
        "Harmonic mean of a class's precision and recall; mean over the classes as for precision, each counting alike.",
        2,
    ),
    Metric(
        "f1_micro",
        "F1 (micro)",
        "F1 mic",
        "%",
        "higher",
        "F1 from the hits and errors of all classes together; the accuracy where a row has one label.",
        2,
    ),
    Metric(
        "f1_weighted",
        "F1 (weighted)",
        "F1 wtd",
        "%",
        "higher",
        "Mean of the classes' F1, weighted by their true rows (scikit-learn's weighted average).",
        2,
    ),
    Metric(
        "reward_accuracy",
        "reward accuracy",
        "rew %",
        "%",
        "higher",
        "Share of the pairs whose chosen answer has the higher reward; equal ones are wrong. The reward is the model's "
        "score, or for DPO β · log(policy / reference) of the answer (Rafailov et al. 2023).",
        2,
    ),
    Metric(
        "reward_margin",
        "reward margin",
        "margin",
        "nats",
        "higher",
        "Reward of the chosen answer less that of the rejected one, mean over the pairs: the log-odds of the choice "
        "(Bradley and Terry 1952).",
    ),
)

METRICS: dict[str, Metric] = {row.name: row for row in _ROWS}
"""By the name used in `Evaluated.metrics`."""

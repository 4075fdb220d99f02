"""What the sample projects' test splits give without a network: the trivial answers that a model has to beat."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from msopt_tui.data.records.record import Labelled, Pair, Question
from msopt_tui.ml.metrics.classification import classification
from msopt_tui.ml.metrics.likelihood import bits_per_byte
from msopt_tui.ml.metrics.rouge import rouge, rouge_pair
from msopt_tui.ml.metrics.squad import Scorer, summary
from msopt_tui.ml.metrics.translation import bleu, chrf

Metrics = dict[str, float | None]
Ids = npt.NDArray[np.integer]

CANDIDATES, JUDGES = 150, 150
"""Training summaries that may become the one for all, and those they are compared with."""
SENTENCE_END = re.compile(r"[.;:](?=\s|\Z)|\n\s*\n")
NAME = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)", re.MULTILINE)


def always(label: str, test: Sequence[Labelled]) -> Metrics:
    """Every row gets the same class."""
    labels = sorted({label, *(row.label for row in test)})
    actual = [labels.index(row.label) for row in test]
    return classification([labels.index(label)] * len(test), actual, len(labels)).metrics


def most_frequent_class(rows: Sequence[Labelled]) -> str:
    """The class that most rows have; the first that is met where several have as many."""
    return Counter(row.label for row in rows).most_common(1)[0][0]


def copied(test: Sequence[Pair]) -> Metrics:
    """The source as its own translation."""
    sources, targets = [row.source for row in test], [row.target for row in test]
    return {"bleu": bleu(sources, targets).value, "chrf": chrf(sources, targets).value}


def lead_line(source: str) -> str:
    """The line of a function that says how it is called."""
    found = NAME.search(source)
    return source[found.start() :].strip().partition("\n")[0] if found else source.partition("\n")[0]


def name_in_words(source: str) -> str:
    """The function's name as words: `_read_all` → `read all`."""
    found = NAME.search(source)
    return " ".join(found[1].replace("_", " ").split()) if found else ""


def summarised(test: Sequence[Pair], summarise: Callable[[str], str]) -> Metrics:
    """What a rule makes of every source."""
    return rouge([summarise(row.source) for row in test], [row.target for row in test])


def one_for_all(train: Sequence[Pair]) -> str:
    """The training summary that is most like the others by ROUGE-L, among evenly spaced ones."""
    texts = [row.target for row in train]
    candidates = texts[:: max(1, len(texts) // CANDIDATES)]
    judges = texts[len(texts) // (2 * JUDGES) :: max(1, len(texts) // JUDGES)]
    return max(candidates, key=lambda text: sum(rouge_pair(text, other)["rougeL"] for other in judges))


def first_sentence(context: str) -> str:
    """The first sentence of a docstring, which stands below the line with the name."""
    body = context.partition("\n\n")[2]
    end = SENTENCE_END.search(body)
    return body[: end.start() if end else None].strip()


def answered(test: Sequence[Question], answer: Callable[[Question], str]) -> Metrics:
    """What a rule answers to every question."""
    scorer = Scorer()
    return summary([scorer.score(answer(row), [text for text in row.answers if text]) for row in test])


def unigram_nats(train: Ids, test: Ids, vocabulary: int) -> float:
    """Nats of all test tokens but the first under the training split's frequencies, one added to each."""
    counts = np.bincount(train, minlength=vocabulary) + 1.0
    return float(-np.log(counts[test[1:]] / counts.sum()).sum())


def bigram_nats(train: Ids, test: Ids, vocabulary: int) -> float:
    """Nats of all test tokens but the first, each given the one before it.

    Witten and Bell's interpolation (1991): p(b | a) = (n(ab) + t(a) · p(b)) / (n(a) + t(a)), t(a) being how many
    different tokens were seen after a, and p(b) the unigram with one added.
    """
    first, second = train[:-1].astype(np.int64), train[1:].astype(np.int64)
    pairs = Counter((first * vocabulary + second).tolist())
    before = np.bincount(first, minlength=vocabulary)
    kinds = np.bincount(np.array(list(pairs)) // vocabulary, minlength=vocabulary)
    counts = np.bincount(train, minlength=vocabulary) + 1.0
    single = counts / counts.sum()
    nats = 0.0
    for a, b in zip(test[:-1].tolist(), test[1:].tolist(), strict=True):
        weight = before[a] + kinds[a]
        together = (pairs[a * vocabulary + b] + kinds[a] * single[b]) / weight if weight else single[b]
        nats -= math.log(together)
    return nats


def counted(nats: Callable[[Ids, Ids, int], float], train: Ids, test: Ids, vocabulary: int, text_bytes: int) -> Metrics:
    """Bits per byte of a model of counted tokens; `text_bytes` are those of all test tokens but the first."""
    return {"bits_per_byte": bits_per_byte(nats(train, test, vocabulary), text_bytes)}

"""Where the sources stand in a split: their documents together, one source after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from msopt_tui.data.corpus import Corpus, Indices
from msopt_tui.data.meta import SplitMeta
from msopt_tui.data.tokens import rows_in


def together(corpus: Corpus, documents: Indices, sources: int) -> list[Indices]:
    """The documents of a split by source [sources][documents], each in the order that they had."""
    source_of = corpus.sources[documents]
    return [documents[source_of == number] for number in range(sources)]


def bounds(counts: Sequence[int]) -> Indices:
    """Where each source begins, and where the last one ends [sources + 1]."""
    return np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64))]).astype(np.int64)


def stream_rows(split: SplitMeta, max_length: int) -> list[int]:
    """Rows of each source in a stream of tokens [sources]: a row belongs to whoever has its middle token."""
    rows = rows_in(split.tokens, max_length)
    if not split.by_source:
        return [rows]
    ends = bounds([source.tokens for source in split.by_source])
    before = np.clip(-(-(ends - max_length // 2) // max_length), 0, rows)
    counts: list[int] = np.diff(before).tolist()
    return counts


def example_rows(split: SplitMeta) -> list[int]:
    """Training rows of each source where there are examples [sources]."""
    return [source.rows for source in split.by_source] or [split.rows]


def sums(values: npt.ArrayLike, counts: Sequence[int]) -> list[float]:
    """Sum of the values of each source [sources], which follow one another, `counts` of each; float64."""
    array, edges = np.asarray(values, np.float64), bounds(counts)
    return [float(array[start:end].sum()) for start, end in pairwise(edges)]

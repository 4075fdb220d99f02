"""The best span of a row against trying every one."""

from __future__ import annotations

import itertools

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.ml.tasks.extraction import best_spans


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 9), st.integers(1, 10), st.integers(0, 10**6))
def test_it_is_the_best_of_all_that_are_allowed(length: int, longest: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    begins, ends = (torch.randn(3, length, generator=generator) for _ in range(2))
    allowed = torch.rand(3, length, generator=generator) < 0.6
    allowed[:, seed % length] = True
    best, first, last = best_spans(begins, ends, allowed, longest)
    for row in range(3):
        spans = [
            (float(begins[row, i] + ends[row, j]), i, j)
            for i, j in itertools.combinations_with_replacement(range(length), 2)
            if j - i < longest and allowed[row, i] and allowed[row, j]
        ]
        assert (float(best[row]), int(first[row]), int(last[row])) == max(spans)


def test_a_row_without_context_has_a_span_that_nobody_prefers() -> None:
    scores = torch.zeros(2, 4)
    allowed = torch.tensor([[False] * 4, [True] * 4])
    best, _, _ = best_spans(scores, scores, allowed, 3)
    assert best[0] < -1e30
    assert best[1] == 0

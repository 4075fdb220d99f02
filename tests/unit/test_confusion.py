from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.protocol.values import Confusion
from msopt_tui.state.confusion import Mistake, mistakes, precision, recall


def test_recall_goes_along_rows_and_precision_down_columns() -> None:
    matrix = Confusion(labels=["a", "b"], counts=[[3, 1], [2, 4]])
    assert recall(matrix) == [3 / 4, 4 / 6]
    assert precision(matrix) == [3 / 5, 4 / 5]
    assert mistakes(matrix) == [Mistake("b", "a", 2, 2 / 6), Mistake("a", "b", 1, 1 / 4)]


def test_a_class_that_is_not_there_has_no_share() -> None:
    matrix = Confusion(labels=["a", "b"], counts=[[5, 0], [0, 0]])
    assert recall(matrix) == [1.0, None]
    assert precision(matrix) == [1.0, None]
    assert mistakes(matrix) == []


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 50), min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
def test_rows_are_right_or_mistaken_and_nothing_else(counts: list[list[int]]) -> None:
    matrix = Confusion(labels=[str(at) for at in range(len(counts))], counts=counts)
    right = sum(row[at] for at, row in enumerate(counts))
    assert right + sum(one.rows for one in mistakes(matrix)) == sum(map(sum, counts))
    assert all(share is None or 0 <= share <= 1 for share in (*recall(matrix), *precision(matrix)))

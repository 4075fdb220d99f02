from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.data.errors import DataError
from msopt_tui.ml.metrics.classification import Averages, classification

ACTUAL = [0, 0, 0, 0, 1, 1, 1, 2, 2, 4]
PREDICTED = [0, 0, 1, 3, 1, 1, 0, 0, 2, 1]
"""Six classes: 3 is predicted and never true, 4 is true and never predicted, 5 occurs nowhere."""

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=20)


def test_the_counts() -> None:
    result = classification(PREDICTED, ACTUAL, 6)
    assert result.confusion.tolist() == [
        [2, 1, 0, 1, 0, 0],
        [1, 2, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert result.support.tolist() == [4, 3, 2, 0, 1, 0]


def test_every_class_as_scikit_learn_has_it() -> None:
    """By hand from the counts; precision_recall_fscore_support(zero_division=0) of scikit-learn 1.9.1 says the same."""
    result = classification(PREDICTED, ACTUAL, 6)
    assert result.precision == pytest.approx([50, 50, 100, 0, 0, 0])
    assert result.recall == pytest.approx([50, 200 / 3, 50, 0, 0, 0])
    assert result.f1 == pytest.approx([50, 400 / 7, 200 / 3, 0, 0, 0])


def test_every_average_as_scikit_learn_has_it() -> None:
    """The same function's figures for average="macro", "micro" and "weighted", as fractions.

    Macro divides by the five classes that occur, not by six and not by the four that are true.
    """
    result = classification(PREDICTED, ACTUAL, 6)
    f1 = [1 / 2, 4 / 7, 2 / 3]
    assert astuple(result.macro) == pytest.approx((40, 100 / 3, 100 * sum(f1) / 5))
    assert result.macro.f1 == pytest.approx(34.76190476190476)
    assert result.micro == Averages(50, 50, 50)
    weighted = 100 * (4 * f1[0] + 3 * f1[1] + 2 * f1[2]) / 10
    assert astuple(result.weighted) == pytest.approx((55, 50, weighted))
    assert result.weighted.f1 == pytest.approx(50.47619047619047)


def test_what_an_evaluation_reports() -> None:
    assert classification([1, 0, 0, 0], [1, 1, 0, 0], 2).metrics == pytest.approx(
        {
            "accuracy": 75,
            "precision_macro": 100 * (2 / 3 + 1) / 2,
            "recall_macro": 75,
            "f1_macro": 100 * (4 / 5 + 2 / 3) / 2,
            "f1_micro": 75,
            "f1_weighted": 100 * (4 / 5 + 2 / 3) / 2,
        }
    )


def test_one_class_for_everything_does_not_look_good() -> None:
    metrics = classification([0] * 10, [0] * 9 + [1], 2).metrics
    assert metrics["accuracy"] == 90
    assert metrics["f1_macro"] == pytest.approx(100 * (18 / 19) / 2)


def test_no_rows_are_no_figures() -> None:
    result = classification([], [], 3)
    assert set(result.metrics.values()) == {None}
    assert not result.confusion.any()


def test_arrays_of_any_integer_type() -> None:
    few = classification(np.array([250, 3], dtype=np.uint8), np.array([250, 250], dtype=np.uint8), 251)
    assert few.accuracy == 50
    assert few.confusion[250, 3] == 1


def test_labels_that_can_t_be() -> None:
    with pytest.raises(DataError, match=r"row 1: predicted label 2, but there are 2 classes \(from 0\)"):
        classification([0, 2], [0, 1], 2)
    with pytest.raises(DataError, match="row 0: true label -100, but"):
        classification([0], [-100], 2)
    with pytest.raises(ValueError, match="1 predicted labels, but 2 true ones"):
        classification([0], [0, 1], 2)


@given(ROWS)
def test_shares_micro_is_the_accuracy_and_rows_have_no_order(rows: list[tuple[int, int]]) -> None:
    predicted, actual = map(list, zip(*rows, strict=True))
    result = classification(predicted, actual, 5)
    hits = sum(p == a for p, a in rows)
    assert result.accuracy == pytest.approx(100 * hits / len(rows))
    assert result.metrics["f1_micro"] == result.metrics["accuracy"]
    assert result.weighted.recall == pytest.approx(result.accuracy)
    assert all(value is not None and 0 <= value <= 100 + 1e-9 for value in result.metrics.values())
    assert result.metrics == classification(predicted[::-1], actual[::-1], 5).metrics


@given(ROWS)
def test_more_classes_that_never_occur_change_nothing(rows: list[tuple[int, int]]) -> None:
    predicted, actual = map(list, zip(*rows, strict=True))
    assert classification(predicted, actual, 9).metrics == pytest.approx(classification(predicted, actual, 5).metrics)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20))
def test_identity_is_full(labels: list[int]) -> None:
    assert all(value == pytest.approx(100) for value in classification(labels, labels, 5).metrics.values())

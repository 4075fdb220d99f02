"""Accuracy, precision, recall and F1 of predicted classes, as scikit-learn defines and averages them.

A quotient with nothing below the line is 0 (scikit-learn's `zero_division=0`). Macro averages are over the classes that
occur among the true or the predicted labels, scikit-learn's default: one that occurs in neither has no say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from msopt_tui.data.errors import DataError

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Labels = Sequence[int] | npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Averages:
    """One way to make one figure of many classes (per cent)."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ClassificationResult:
    """What was counted and what follows."""

    confusion: Counts
    """[classes, classes]: rows by true class, columns by predicted class."""
    precision: Floats
    """[classes], per cent: of what was predicted so, the share that is."""
    recall: Floats
    """[classes], per cent: of what is so, the share that was predicted."""
    f1: Floats
    """[classes], per cent: 2 · hits / (true + predicted), the harmonic mean of the two."""
    macro: Averages
    """The mean over the classes that occur, each counting alike; F1 is the mean of theirs."""
    micro: Averages
    """From the counts of all classes together; with one label a row all three are the accuracy."""
    weighted: Averages
    """The mean over the classes, weighted by how many rows are truly of each."""
    accuracy: float
    """Share of the rows with the right class (per cent)."""

    @property
    def support(self) -> Counts:
        """[classes]: rows truly of each class."""
        support: Counts = self.confusion.sum(axis=1)
        return support

    @property
    def metrics(self) -> dict[str, float | None]:
        """What an evaluation reports; `None` without rows."""
        figures = {
            "accuracy": self.accuracy,
            "precision_macro": self.macro.precision,
            "recall_macro": self.macro.recall,
            "f1_macro": self.macro.f1,
            "f1_micro": self.micro.f1,
            "f1_weighted": self.weighted.f1,
        }
        rows = int(self.confusion.sum())
        return {name: value if rows else None for name, value in figures.items()}


def classification(predicted: Labels, actual: Labels, classes: int) -> ClassificationResult:
    """Compare label ids [rows] with the true ones [rows]; ids are from 0 to `classes` - 1.

    Raises ValueError where their numbers differ, DataError for an id out of range.
    """
    confusion = _confusion(_ids(predicted, classes, "predicted"), _ids(actual, classes, "true"), classes)
    hits = confusion.diagonal()
    support, guesses = confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _percent(hits, guesses), _percent(hits, support)
    f1 = _percent(2 * hits, support + guesses)
    accuracy = float(_percent(hits.sum(keepdims=True), support.sum(keepdims=True))[0])
    occurs = (support + guesses > 0).astype(np.int64)
    return ClassificationResult(
        confusion=confusion,
        precision=precision,
        recall=recall,
        f1=f1,
        macro=_averages(precision, recall, f1, occurs),
        micro=Averages(accuracy, accuracy, accuracy),
        weighted=_averages(precision, recall, f1, support),
        accuracy=accuracy,
    )


def _ids(labels: Labels, classes: int, kind: str) -> Counts:
    ids = np.asarray(labels, dtype=np.int64)
    wrong = np.flatnonzero((ids < 0) | (ids >= classes))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(f"row {row}: {kind} label {int(ids[row])}, but there are {classes} classes (from 0)")
    return ids


def _confusion(predicted: Counts, actual: Counts, classes: int) -> Counts:
    if predicted.shape != actual.shape:
        raise ValueError(f"{predicted.size} predicted labels, but {actual.size} true ones")
    counted = np.bincount(actual * classes + predicted, minlength=classes * classes)
    return counted.reshape(classes, classes).astype(np.int64)


def _percent(above: Counts, below: Counts) -> Floats:
    """100 · above / below, 0 where `below` is."""
    quotients = np.zeros(len(above))
    np.divide(100.0 * above, below, out=quotients, where=below > 0)
    return quotients


def _averages(precision: Floats, recall: Floats, f1: Floats, weights: Counts) -> Averages:
    total = float(weights.sum())
    if not total:
        return Averages(0.0, 0.0, 0.0)
    return Averages(*(float(values @ weights) / total for values in (precision, recall, f1)))

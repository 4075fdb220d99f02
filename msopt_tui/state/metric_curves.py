"""The validation metrics of a run as series, each made when somebody looks at it and then kept up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msopt_tui.state.evaluations import Evaluations
from msopt_tui.state.series import Series


class MetricCurves(Mapping[str, Series]):
    """By name. A run may have twenty metrics and a screen shows two: the others cost nothing until asked for."""

    def __init__(self, evaluations: Evaluations) -> None:
        self._evaluations = evaluations
        self._made: dict[str, Series] = {}
        self._taken: dict[str, int] = {}
        self._generation = evaluations.generation

    def of(self, name: str) -> Series:
        """The series of a metric, an empty one where it was never measured."""
        if self._evaluations.generation != self._generation:
            self._generation = self._evaluations.generation
            self._made.clear()
            self._taken.clear()
        series = self._made.get(name)
        if series is None:
            series = self._made[name] = Series()
        taken = self._taken.get(name, 0)
        if taken < len(self._evaluations):
            for points in self._evaluations.points(name, taken):
                series.extend_any(points)
            self._taken[name] = len(self._evaluations)
        return series

    def __getitem__(self, name: str) -> Series:
        series = self.of(name)
        if not len(series):
            raise KeyError(name)
        return series

    def __iter__(self) -> Iterator[str]:
        return iter(self._evaluations.names())

    def __len__(self) -> int:
        return len(self._evaluations.names())

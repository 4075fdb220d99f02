"""The validation metrics of a run as series, each made when somebody looks at it and then kept up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from msopt_tui.state.series import Series

if TYPE_CHECKING:
    from msopt_tui.protocol.events import Evaluated


class MetricCurves(Mapping[str, Series]):
    """By name. A run may have twenty metrics and a screen shows two: the others cost nothing until asked for."""

    def __init__(self) -> None:
        self._points: list[Evaluated] = []
        self._names: dict[str, None] = {}
        self._latest: AbstractSet[str] = frozenset()
        self._made: dict[str, Series] = {}
        self._taken: dict[str, int] = {}

    def add(self, event: Evaluated) -> None:
        """One more evaluation, at a later step than those before or over them."""
        self._points.append(event)
        if event.metrics.keys() != self._latest:
            self._latest = event.metrics.keys()
            self._names |= dict.fromkeys(event.metrics)

    def forget_after(self, step: int) -> None:
        """Drop what a resumed run will do again."""
        self._points = [one for one in self._points if one.step <= step]
        self._made.clear()
        self._taken.clear()

    def of(self, name: str) -> Series:
        """The series of a metric, an empty one where it was never measured."""
        series = self._made.get(name)
        if series is None:
            series = self._made[name] = Series()
        taken = self._taken.get(name, 0)
        if taken < len(self._points):
            for event in self._points[taken:]:
                if name in event.metrics:
                    series.append(event.step, event.metrics[name])
            self._taken[name] = len(self._points)
        return series

    def __getitem__(self, name: str) -> Series:
        if name not in self._names:
            raise KeyError(name)
        return self.of(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

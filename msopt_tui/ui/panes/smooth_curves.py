"""The smoothed curves of a chart, each kept up to date with its source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msopt_tui.state.series import Series

if TYPE_CHECKING:
    from msopt_tui.state.smoothing import Smoothed


class SmoothCurves:
    """By the series that they are made from."""

    def __init__(self) -> None:
        self._curves: dict[int, tuple[Series, Smoothed]] = {}

    def keep(self, sources: Iterable[Series]) -> None:
        """Let go of all others."""
        ids = {id(source) for source in sources}
        self._curves = {key: kept for key, kept in self._curves.items() if key in ids}

    def of(self, source: Series, weight: float) -> Series:
        """The smoothed series of a source, `weight` of the past in it."""
        from msopt_tui.state.smoothing import Smoothed  # not before the first frame

        kept = self._curves.get(id(source))
        if kept is None:
            kept = self._curves[id(source)] = source, Smoothed(source, weight)
        smoothed = kept[1]
        smoothed.weight = weight
        smoothed.update()
        return smoothed.series

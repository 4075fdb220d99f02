"""A piece of long work as it tells of itself: how far it is, how fast, how long it still takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msopt_tui.state.numbers import compact, duration, size
from msopt_tui.state.rates import WorkRate

if TYPE_CHECKING:
    from msopt_tui.protocol.events import Phase, Progressed


class Work:
    """Made of its first report; `goes_on` takes the following ones."""

    def __init__(self, event: Progressed) -> None:
        self.phase: Phase = event.phase
        self.unit, self.detail = event.unit, event.detail
        self.done, self.total = event.done, event.total
        self._rate = WorkRate()
        self._rate.add(event.done, event.time)

    def goes_on(self, event: Progressed) -> bool:
        """Take in another report; false for one of other work."""
        is_same = (event.phase, event.unit, event.detail) == (self.phase, self.unit, self.detail)
        if not is_same or event.done < self.done:
            return False
        self.done, self.total = event.done, event.total
        self._rate.add(event.done, event.time)
        return True

    @property
    def rate(self) -> float | None:
        """Units a second lately; `None` until that can be said."""
        return self._rate.per_second

    @property
    def seconds_left(self) -> float | None:
        """At that rate; `None` where the end or the rate is not known."""
        rate = self.rate
        return max(self.total - self.done, 0) / rate if rate and self.total else None

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; `None` where the end is not known."""
        return min(self.done / self.total, 1.0) if self.total else None

    @property
    def progress_words(self) -> str:
        """`cleaning 512/679 documents`."""
        if self.unit == "bytes":
            return f"{self.detail} {size(self.done)} of {size(self.total)}"
        of = f"/{compact(self.total)}" if self.total else ""
        return f"{self.detail} {compact(self.done)}{of} {self.unit}".strip()

    @property
    def rate_words(self) -> str:
        """`340 rows/s`; as wide from the first figure to the last."""
        if self.unit == "bytes":
            return f"{size(self.rate) if self.rate else '–':>9}/s"
        return f"{compact(self.rate) if self.rate else '–':>5} {self.unit}/s"

    @property
    def left_words(self) -> str:
        """`left    0:12`."""
        return f"left {duration(self.seconds_left):>6}"

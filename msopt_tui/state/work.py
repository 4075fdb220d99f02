"""A piece of long work as it tells of itself: how far it is, how fast, how long it still takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msopt_tui.state.numbers import compact, duration, size, units
from msopt_tui.state.rates import WorkRate

if TYPE_CHECKING:
    from msopt_tui.protocol.events import Phase, Progressed


class Work:
    """Made of its first report; `goes_on` takes the following ones."""

    def __init__(self, event: Progressed) -> None:
        self.phase: Phase = event.phase
        self.unit, self.detail = event.unit, event.detail
        self.done, self.total = event.done, event.total
        self.seconds = event.seconds
        """How long it has been going on."""
        self._rate = WorkRate()
        self._rate.add(event.done, event.time)

    def goes_on(self, event: Progressed) -> bool:
        """Take in another report; false for one of other work."""
        is_same = (event.phase, event.unit, kind_of(event.detail)) == (self.phase, self.unit, kind_of(self.detail))
        if not is_same or event.done < self.done:
            return False
        self.detail, self.seconds = event.detail, event.seconds
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
    def kind(self) -> str:
        """`cleaning`: what is done, in a word."""
        return kind_of(self.detail)

    @property
    def progress_words(self) -> str:
        """`cleaning 512/679 documents`."""
        if self.unit == "bytes":
            return f"{self.detail} {size(self.done)}{f' of {size(self.total)}' if self.total else ''}"
        if not self.unit:
            return self.detail
        of = f"/{compact(self.total)}" if self.total else ""
        noun = units(compact(self.total or self.done), self.unit)
        return f"{self.detail} {compact(self.done)}{of} {noun}".strip()

    @property
    def rate_words(self) -> str:
        """`340 rows/s`; as wide from the first figure to the last. Empty where nothing is counted."""
        if not self.unit:
            return ""
        if self.unit == "bytes":
            return f"{size(self.rate) if self.rate else '–':>9}/s"
        rate = compact(self.rate) if self.rate else "–"
        return f"{rate:>5} {units(rate, self.unit) + '/s':<{len(self.unit) + 2}}"

    @property
    def time_words(self) -> str:
        """`left    0:12`, or `  0:12 so far` where the end is not known."""
        if self.total and self.unit:
            return f"left {duration(self.seconds_left):>6}"
        return f"{duration(self.seconds):>6} so far"

    @property
    def facts(self) -> list[str]:
        """All of it in words, what matters most first."""
        return [words for words in (self.time_words, self.rate_words, self.progress_words) if words]

    @property
    def line(self) -> str:
        """`cleaning 512/679 documents, 340 documents/s, 0:12 left`."""
        end = [f"{duration(self.seconds_left)} left"] if self.seconds_left is not None else []
        so_far = [] if self.total else [f"{duration(self.seconds)} so far"]
        rate = self.rate_words.strip() if self.rate else ""
        return ", ".join(filter(None, [self.progress_words, rate, *end, *so_far]))


def kind_of(detail: str) -> str:
    """`reading` of `reading a.txt`: with the next file the same work goes on."""
    return detail.partition(" ")[0]

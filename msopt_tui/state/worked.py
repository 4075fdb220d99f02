"""The duration of a run: the time with an engine at work on it."""

from __future__ import annotations


class Worked:
    """From the start of each engine to the last that was heard of it, all engines of the run together.

    Loading, pauses and waiting for a decision count: somebody is at work, or could be asked. The time between two
    engines, while the run lay stopped, does not.
    """

    def __init__(self) -> None:
        self._earlier = self._began = 0.0
        self._is_announced = False
        """Whether the engine at work told of its start; those of old journals begin with the run."""

    def engine(self, time: float, heard: float) -> None:
        """An engine starts at `time`; `heard` is when the one before was last heard of, 0 for none (s since 1970)."""
        self._begin(time, heard)
        self._is_announced = True

    def run(self, time: float, heard: float) -> None:
        """The run begins, or goes on, in an engine that may have told of its own start before."""
        if not self._is_announced:
            self._begin(time, heard)
        self._is_announced = False

    def seconds(self, now: float) -> float:
        """The duration until `now`, the time of the latest event (s since 1970)."""
        return self._earlier + (max(now - self._began, 0.0) if self._began else 0.0)

    def _begin(self, time: float, heard: float) -> None:
        self._earlier, self._began = self.seconds(heard), time

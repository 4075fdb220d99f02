"""Where the seconds of a step go, without making the device wait.

A CPU is through with something when the call returns, so the host's clock tells. A CUDA device runs behind: there,
marks go into its queue and are read once it has passed them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Protocol, TypeAlias

import torch

MOST_STEPS = 32
"""Steps between two reports that a CUDA device is measured in; of thousands of short ones the first are enough."""

Laps: TypeAlias = dict[str, float]
"""Part of a step to its seconds."""
Read: TypeAlias = Callable[[float], Laps]
"""Makes the laps of steps that took so many seconds in all; only when the device is through with them."""


class Stopwatch(Protocol):
    """One step after another, each in parts."""

    def start(self) -> None:
        """A step begins; one that did not come to its end is forgotten."""

    def lap(self, part: str) -> None:
        """This part of the step is over, or is in the queue."""

    def keep(self) -> None:
        """The step is done."""

    def take(self) -> Read:
        """The steps since the last call."""


class HostStopwatch:
    """By the host's clock."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._since = 0.0
        self._step: Laps = {}
        self._laps: Laps = {}

    def start(self) -> None:
        """See `Stopwatch`."""
        self._step = {}
        self._since = self._clock()

    def lap(self, part: str) -> None:
        """See `Stopwatch`."""
        now = self._clock()
        self._step[part] = now - self._since
        self._since = now

    def keep(self) -> None:
        """See `Stopwatch`."""
        for part, seconds in self._step.items():
            self._laps[part] = self._laps.get(part, 0.0) + seconds

    def take(self) -> Read:
        """See `Stopwatch`."""
        laps, self._laps = self._laps, {}
        return lambda _: laps


class NoStopwatch:
    """Where neither clock tells."""

    def start(self) -> None:
        """Nothing."""

    def lap(self, part: str) -> None:
        """Nothing."""

    def keep(self) -> None:
        """Nothing."""

    def take(self) -> Read:
        """Nothing is known."""
        return lambda _: {}


class Tick(Protocol):
    """A mark in a device's queue, as `torch.cuda.Event` is one."""

    def record(self) -> None:
        """Put it at the queue's end."""

    def elapsed_time(self, end_event: Any) -> float:
        """Milliseconds to another one, both of them passed."""


class DeviceStopwatch:
    """By marks in the device's queue: how the device's own time is shared, waiting for the host included."""

    def __init__(self, make: Callable[[], Tick]) -> None:
        self._make = make
        self._free: list[Tick] = []
        self._open: list[tuple[str, Tick]] | None = None
        self._steps: list[list[tuple[str, Tick]]] = []

    def start(self) -> None:
        """See `Stopwatch`."""
        self._give_back(self._open or [])
        self._open = [("", self._mark())] if len(self._steps) < MOST_STEPS else None

    def lap(self, part: str) -> None:
        """See `Stopwatch`."""
        if self._open is not None:
            self._open.append((part, self._mark()))

    def keep(self) -> None:
        """See `Stopwatch`."""
        if self._open is not None:
            self._steps.append(self._open)
            self._open = None

    def take(self) -> Read:
        """See `Stopwatch`."""
        steps, self._steps = self._steps, []
        return lambda seconds: self._read(steps, seconds)

    def _read(self, steps: list[list[tuple[str, Tick]]], seconds: float) -> Laps:
        laps: Laps = {}
        for step in steps:
            for (_, before), (part, after) in pairwise(step):
                laps[part] = laps.get(part, 0.0) + before.elapsed_time(after)
            self._give_back(step)
        whole = sum(laps.values())
        return {part: seconds * lap / whole for part, lap in laps.items()} if whole > 0 else {}

    def _mark(self) -> Tick:
        tick = self._free.pop() if self._free else self._make()
        tick.record()
        return tick

    def _give_back(self, step: list[tuple[str, Tick]]) -> None:
        self._free += (tick for _, tick in step)


def stopwatch_for(device: torch.device) -> Stopwatch:
    """The one that tells the truth on this device."""
    if device.type == "cpu":
        return HostStopwatch()
    if device.type != "cuda":
        return NoStopwatch()

    def make() -> Tick:
        return torch.cuda.Event(enable_timing=True)

    return DeviceStopwatch(make)

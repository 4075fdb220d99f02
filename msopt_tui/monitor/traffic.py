"""What goes through disks and networks a second, from the system's counters."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import psutil

OWN = "lo"
"""The machine talking to itself."""


class Traffic(NamedTuple):
    """Bytes a second; `None` where the system does not count."""

    disk_read: float | None
    disk_written: float | None
    net_received: float | None
    net_sent: float | None


class TrafficMonitor:
    """Rates since the reading before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before, self._at = _counters(), clock()

    def sample(self) -> Traffic:
        """One reading."""
        now, at = _counters(), self._clock()
        seconds = at - self._at
        rates = [_rate(after, before, seconds) for after, before in zip(now, self._before, strict=True)]
        self._before, self._at = now, at
        return Traffic(*rates)


def _rate(after: float | None, before: float | None, seconds: float) -> float | None:
    """A counter that begins anew (a device was unplugged) has no rate."""
    return (
        (after - before) / seconds
        if after is not None and before is not None and after >= before and seconds > 0
        else None
    )


def _counters() -> Traffic:
    try:
        disks, networks = psutil.disk_io_counters(), psutil.net_io_counters(pernic=True)
    except (OSError, RuntimeError):  # no /proc to read, or disks that psutil can't make out
        return Traffic(None, None, None, None)
    others = [one for name, one in networks.items() if name != OWN]
    return Traffic(
        disks.read_bytes if disks is not None else None,
        disks.write_bytes if disks is not None else None,
        sum(one.bytes_recv for one in others) if others else None,
        sum(one.bytes_sent for one in others) if others else None,
    )

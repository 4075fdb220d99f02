"""Energy of the CPU packages by RAPL, where its counters may be read: on most systems by root alone."""

from __future__ import annotations

from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


class CpuEnergy:
    """What all packages took since the reading before."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._packages = [zone for zone in sorted(powercap.glob("*-rapl:*")) if _is_package(zone)]
        self._before = {zone: _number(zone / "energy_uj") for zone in self._packages}

    def joules(self) -> float | None:
        """`None` where no counter can be read."""
        total = None
        for zone in self._packages:
            now, before = _number(zone / "energy_uj"), self._before[zone]
            self._before[zone] = now
            if now is None or before is None:
                continue
            if now < before:  # it begins anew at its range
                now += _number(zone / "max_energy_range_uj") or before - now
            total = (total or 0.0) + (now - before) / 1e6
        return total


def _is_package(zone: Path) -> bool:
    """Not the whole platform, and no part of a package: both would count twice."""
    try:
        return (zone / "name").read_text().startswith("package")
    except OSError:
        return False


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None

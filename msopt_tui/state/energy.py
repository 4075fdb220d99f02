"""Energy that the machine took while the run was at work: of its GPUs and of its CPU packages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msopt_tui.state.numbers import significant

if TYPE_CHECKING:
    from msopt_tui.protocol.events import ResourcesSampled

_JOULES_IN_WH = 3600.0


@dataclass
class Energy:
    """Sums over the samples; `None` where nothing ever measured."""

    gpu: float | None = None
    """Joules."""
    cpu: float | None = None
    """Joules."""

    def add(self, sample: ResourcesSampled) -> None:
        """Count one sample in."""
        if sample.gpu_energy is not None:
            self.gpu = (self.gpu or 0.0) + sample.gpu_energy
        if sample.cpu_energy is not None:
            self.cpu = (self.cpu or 0.0) + sample.cpu_energy

    @property
    def words(self) -> str:
        """`12.3 Wh: gpu 10.1 · cpu 2.20`; empty where nothing measures."""
        parts = {"gpu": self.gpu, "cpu": self.cpu}
        known = {name: joules / _JOULES_IN_WH for name, joules in parts.items() if joules is not None}
        if not known:
            return ""
        each = " · ".join(f"{name} {significant(wh, 3)}" for name, wh in known.items())
        total = f"{significant(sum(known.values()), 3)} Wh"
        return f"{total}: {each}" if len(known) > 1 else f"{total} ({next(iter(known))})"

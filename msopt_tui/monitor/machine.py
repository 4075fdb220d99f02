"""CPU, memory, disk and network by psutil, energy, beside the GPUs: one `ResourcesSampled` at a time."""

from __future__ import annotations

from pathlib import Path

import psutil

from msopt_tui.monitor.energy import CpuEnergy
from msopt_tui.monitor.gpu import GpuMonitor
from msopt_tui.monitor.traffic import TrafficMonitor
from msopt_tui.protocol.events import ResourcesSampled


class MachineMonitor:
    """Samples this machine and this process. Rates and energies cover the time since the sample before."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._gpus = GpuMonitor()
        self._traffic = TrafficMonitor()
        self._cpu_energy = CpuEnergy()
        self._process = psutil.Process()
        # The first reading of both has no time behind it and is always 0.
        psutil.cpu_percent()
        self._process.cpu_percent()

    def sample(self) -> ResourcesSampled:
        """One reading of everything."""
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self._disk))
        return ResourcesSampled(
            cpu=psutil.cpu_percent(),
            process_cpu=self._process.cpu_percent(),
            process_memory=self._process.memory_info().rss,
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            disk_free=disk.free,
            disk_total=disk.total,
            gpus=self._gpus.sample(),
            gpu_energy=self._gpus.joules(),
            cpu_energy=self._cpu_energy.joules(),
            **self._traffic.sample()._asdict(),
        )

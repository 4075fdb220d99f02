"""GPUs by NVML, where there is a driver; one that answers half of the questions is shown with half of the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pynvml

from msopt_tui.protocol.events import Gpu

T = TypeVar("T")


class GpuMonitor:
    """Reads every visible GPU; knows none where NVML can't be started."""

    def __init__(self) -> None:
        self.absent_because = ""
        """Why there is no GPU to show, in the driver's words."""
        self._handles: list[object] = []
        try:
            pynvml.nvmlInit()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError as error:
            self.absent_because = str(error)

        self._energy = [_energy(handle) for handle in self._handles]

    def sample(self) -> list[Gpu]:
        """One reading of each GPU."""
        return [_read(handle) for handle in self._handles]

    def joules(self) -> float | None:
        """What all of them took since the reading before; `None` where none counts it (before Volta)."""
        now, before = [_energy(handle) for handle in self._handles], self._energy
        self._energy = now
        pairs = zip(now, before, strict=True)
        taken = [a - b for a, b in pairs if a is not None and b is not None and a >= b]
        return sum(taken) / 1000 if taken else None


def _energy(handle: object) -> int | None:
    """Since the driver was loaded (millijoules)."""
    return _ask(lambda: int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)))


def _read(handle: object) -> Gpu:
    memory = _ask(lambda: pynvml.nvmlDeviceGetMemoryInfo(handle))
    rates = _ask(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle))
    power = _ask(lambda: pynvml.nvmlDeviceGetPowerUsage(handle))
    name = _ask(lambda: pynvml.nvmlDeviceGetName(handle))
    return Gpu(
        name=name.decode() if isinstance(name, bytes) else str(name or "GPU"),
        utilisation=float(rates.gpu) if rates is not None else None,
        memory_used=int(memory.used) if memory is not None else None,
        memory_total=int(memory.total) if memory is not None else None,
        temperature=_ask(lambda: float(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))),
        power=power / 1000 if power is not None else None,
    )


def _ask(question: Callable[[], T]) -> T | None:
    """An answer, or `None` where this driver or card has none."""
    try:
        return question()
    except pynvml.NVMLError:
        return None

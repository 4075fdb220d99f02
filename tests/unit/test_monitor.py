from __future__ import annotations

from pathlib import Path

import pynvml
import pytest

from msopt_tui.monitor.gpu import GpuMonitor
from msopt_tui.monitor.machine import MachineMonitor


def test_this_machine_says_something_sensible(tmp_path: Path) -> None:
    sample = MachineMonitor(tmp_path).sample()
    assert 0 <= sample.cpu <= 100
    assert 0 < sample.memory_used < sample.memory_total
    assert 0 < sample.process_memory < sample.memory_total
    assert 0 <= sample.disk_free < sample.disk_total


def test_without_a_driver_there_is_no_gpu_and_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", absent)
    monitor = GpuMonitor()
    assert monitor.sample() == []
    assert monitor.absent_because


def test_a_card_that_answers_half_is_shown_with_half(monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        used, total = 5, 10

    def refuse(*_: object) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    answers = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda handle: "Card",
        "nvmlDeviceGetMemoryInfo": lambda handle: Memory,
        "nvmlDeviceGetUtilizationRates": refuse,
        "nvmlDeviceGetPowerUsage": lambda handle: 123_456,
        "nvmlDeviceGetTemperature": refuse,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(pynvml, name, answer)
    (gpu,) = GpuMonitor().sample()
    assert (gpu.name, gpu.memory_used, gpu.memory_total) == ("Card", 5, 10)
    assert gpu.power == pytest.approx(123.456)
    assert gpu.utilisation is None
    assert gpu.temperature is None

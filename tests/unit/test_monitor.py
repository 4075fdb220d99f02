from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pynvml
import pytest

from msopt_tui.monitor.energy import CpuEnergy
from msopt_tui.monitor.gpu import GpuMonitor
from msopt_tui.monitor.machine import MachineMonitor
from msopt_tui.monitor.traffic import TrafficMonitor


def test_this_machine_says_something_sensible(tmp_path: Path) -> None:
    sample = MachineMonitor(tmp_path).sample()
    assert 0 <= sample.cpu <= 100
    assert 0 < sample.memory_used < sample.memory_total
    assert 0 < sample.process_memory < sample.memory_total
    assert 0 <= sample.disk_free < sample.disk_total


def test_traffic_is_a_rate_since_the_reading_before(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimpleNamespace(read_bytes=1_000, write_bytes=50)
    nets = {"eth0": SimpleNamespace(bytes_recv=10, bytes_sent=20), "lo": SimpleNamespace(bytes_recv=9**9, bytes_sent=1)}
    now = 100.0
    monkeypatch.setattr(psutil, "disk_io_counters", lambda: disk)
    monkeypatch.setattr(psutil, "net_io_counters", lambda pernic: nets)
    monitor = TrafficMonitor(lambda: now)
    now = 102.0
    disk.read_bytes, disk.write_bytes = 3_000, 0
    nets["eth0"].bytes_recv, nets["lo"].bytes_recv = 40, 9**10
    assert monitor.sample() == (1_000.0, None, 15.0, 0.0), "a counter that began anew has no rate"
    monkeypatch.setattr(psutil, "disk_io_counters", lambda: None)
    now = 103.0
    assert monitor.sample().disk_read is None


def test_cpu_energy_is_that_of_the_packages_over_the_counters_range(tmp_path: Path) -> None:
    def zone(name: str, of: str, microjoules: int) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "name").write_text(f"{of}\n")
        (folder / "energy_uj").write_text(f"{microjoules}\n")
        (folder / "max_energy_range_uj").write_text("10000000\n")
        return folder

    zone("intel-rapl:0", "package-0", 1_000_000)
    zone("intel-rapl:1", "package-1", 9_000_000)
    zone("intel-rapl:0:0", "core", 0)
    zone("intel-rapl:2", "psys", 0)
    monitor = CpuEnergy(tmp_path)
    zone("intel-rapl:0", "package-0", 3_500_000)
    zone("intel-rapl:1", "package-1", 1_000_000)
    zone("intel-rapl:0:0", "core", 2_000_000)
    zone("intel-rapl:2", "psys", 90_000_000)
    assert monitor.joules() == pytest.approx(2.5 + 2.0)
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    assert monitor.joules() == 0.0
    assert CpuEnergy(tmp_path / "nothing").joules() is None


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
    counter = iter([1_000_000, 1_512_000])
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", lambda handle: next(counter))
    monitor = GpuMonitor()
    assert monitor.joules() == 512.0
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", refuse)
    assert monitor.joules() is None
    (gpu,) = monitor.sample()
    assert (gpu.name, gpu.memory_used, gpu.memory_total) == ("Card", 5, 10)
    assert gpu.power == pytest.approx(123.456)
    assert gpu.utilisation is None
    assert gpu.temperature is None

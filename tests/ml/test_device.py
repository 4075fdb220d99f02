"""Which device, which type, how many threads: what is asked for and not there is said with the way out."""

from __future__ import annotations

import pytest
import torch

from msopt_tui.config.schema import ResourcesTable
from msopt_tui.ml import device
from tests.ml.tiny import CPU

GPU = torch.device("cuda", 0)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two GPUs of compute capability 7.5, as far as torch says."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _=None: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _=None: "Tesla T4")


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_auto_is_the_cpu_where_there_is_nothing_else() -> None:
    assert device.pick_device(ResourcesTable()) == CPU


@pytest.mark.usefixtures("gpus")
def test_auto_and_cuda_are_the_current_gpu_with_its_number() -> None:
    assert device.pick_device(ResourcesTable()) == torch.device("cuda", 1)
    assert device.pick_device(ResourcesTable(device="cuda")) == torch.device("cuda", 1)
    assert device.pick_device(ResourcesTable(device="cuda:0")) == GPU


def test_the_gpu_in_use_is_the_threads_own(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", used.append)
    device.use(CPU)
    device.use(torch.device("cuda", 1))
    assert used == [torch.device("cuda", 1)]


@pytest.mark.usefixtures("gpus")
def test_a_gpu_beyond_those_there_names_those_there() -> None:
    with pytest.raises(ValueError, match=r"cuda:2: this machine has 2 \(cuda:0 to cuda:1\)"):
        device.pick_device(ResourcesTable(device="cuda:2"))


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("wanted", ["cuda", "cuda:3", "mps"])
def test_a_device_that_is_not_there_is_refused_with_the_way_out(wanted: str) -> None:
    with pytest.raises(ValueError, match=rf'{wanted}.*set it to "auto" or "cpu"'):
        device.pick_device(ResourcesTable(device=wanted))


def test_a_cpu_multiplies_in_float32_unless_asked() -> None:
    assert device.autocast_dtype(CPU, "auto") is None
    assert device.autocast_dtype(CPU, False) is None
    assert device.autocast_dtype(CPU, True) is torch.bfloat16


@pytest.mark.usefixtures("gpus")
def test_an_old_gpu_has_no_bfloat16() -> None:
    assert device.autocast_dtype(GPU, "auto") is None
    with pytest.raises(ValueError, match=r'Tesla T4.*7\.5.*set it to false or "auto"'):
        device.autocast_dtype(GPU, True)


@pytest.mark.usefixtures("gpus")
def test_ampere_and_later_take_bfloat16_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _=None: (8, 0))
    assert device.autocast_dtype(GPU, "auto") is torch.bfloat16
    assert device.autocast_dtype(GPU, False) is None


def test_threads_are_set_and_left() -> None:
    before = torch.get_num_threads()
    try:
        assert device.set_threads(ResourcesTable(threads=2)) == 2
        assert device.set_threads(ResourcesTable(threads=0)) == 2
    finally:
        torch.set_num_threads(before)


def test_a_cpu_needs_nothing_to_be_repeatable() -> None:
    device.make_repeatable(CPU)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_real_gpu_is_found_and_named() -> None:
    found = device.pick_device(ResourcesTable(device="cuda"))
    assert device.describe(found).startswith("cuda:")

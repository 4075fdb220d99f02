"""Generators: what is captured comes back, and what is drawn in between leaves no trace."""

from __future__ import annotations

import pytest
import torch

from msopt_tui.ml import rng
from tests.ml.tiny import CPU


def test_restored_generators_draw_the_same_again() -> None:
    states = rng.capture(CPU)
    assert {tensor.dtype for tensor in states.values()} == {torch.uint8}
    first = torch.rand(5)
    rng.restore(states, CPU)
    assert torch.equal(torch.rand(5), first)


def test_what_is_drawn_inside_leaves_no_trace_even_after_an_error() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    with pytest.raises(ValueError, match="out of luck"), rng.preserved(CPU):
        _draw_and_fail()
    assert torch.equal(torch.rand(4), expected)


def _draw_and_fail() -> None:
    torch.rand(100)
    raise ValueError("out of luck")


def test_a_state_of_another_kind_of_device_is_left_out() -> None:
    rng.restore({**rng.capture(CPU), "device": torch.zeros(16, dtype=torch.uint8)}, CPU)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_draws_the_same_again() -> None:
    gpu = torch.device("cuda", 0)
    states = rng.capture(gpu)
    first = torch.rand(5, device=gpu)
    with rng.preserved(gpu):
        torch.rand(7, device=gpu)
    second = torch.rand(5, device=gpu)
    rng.restore(states, gpu)
    assert torch.equal(torch.rand(5, device=gpu), first)
    assert torch.equal(torch.rand(5, device=gpu), second)

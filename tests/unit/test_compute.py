from __future__ import annotations

import pytest

from msopt_tui.protocol.events import Gpu, ModelReady
from msopt_tui.state.compute import compute, compute_words, micro_batch_factor, room_words

GIB = 2**30


def model(device: str = "cuda:0", dtype: str = "bfloat16", size: int = 2 * GIB) -> ModelReady:
    return ModelReady(
        architecture="llama", parameters=1, trainable=1, bytes=size, flops_per_token=6e9, device=device, dtype=dtype
    )


def test_a_known_gpu_gives_a_share_of_its_peak() -> None:
    done = compute(model(), 50_000, "NVIDIA H100 80GB HBM3")
    assert done.utilisation == pytest.approx(100 * 300 / 989.4)
    assert compute_words(done) == "300 TFLOP/s · 30.3 % of 989"


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA L40S", 362e12),
        ("Tesla T4", 65e12),
        ("NVIDIA A1000", None),
    ],
)
def test_a_name_is_taken_by_whole_words(name: str, peak: float | None) -> None:
    assert compute(model(), 1, name).peak == peak


@pytest.mark.parametrize(("device", "dtype"), [("cpu", "bfloat16"), ("cuda:0", "float32")])
def test_no_share_where_no_published_figure_fits(device: str, dtype: str) -> None:
    assert "%" not in compute_words(compute(model(device, dtype), 1_000, "NVIDIA H100"))


def test_advice_leaves_what_does_not_grow_with_the_rows_out() -> None:
    gpu = Gpu(name="g", memory_used=int(6.2 * GIB), memory_total=80 * GIB)
    assert room_words(model(), gpu) == "6.2 GiB of 80.0 GiB used: micro-batch could be 16×"
    assert micro_batch_factor(model("cpu"), gpu) == 1


def test_a_full_gpu_is_said_to_be_full() -> None:
    gpu = Gpu(name="g", memory_used=79 * GIB, memory_total=80 * GIB)
    assert room_words(model(), gpu).endswith("little room is left")
    assert room_words(model(), Gpu(name="g")) == ""

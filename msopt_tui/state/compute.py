"""What the hardware is used for: arithmetic against published peaks, room in memory. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msopt_tui.state.numbers import significant, size

if TYPE_CHECKING:
    from msopt_tui.protocol.events import Gpu, ModelReady

PEAKS = {
    "H200": 989.4e12,
    "H100 PCIe": 756e12,
    "H100": 989.4e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10": 125e12,
    "RTX 4090": 165.2e12,
    "V100": 125e12,
    "T4": 65e12,
}
"""Words of a GPU's name to its peak: dense products of 16 bits summed in 32, operations a second, from the vendor's
data sheets. A longer name comes before one that is part of it."""
FULL = 0.9
"""So much of a GPU's memory may be used; the rest is for what comes and goes."""
TIGHT = 0.95
CONTEXT_BYTES = 2**29
"""What a process takes on a GPU before its first tensor, about."""
MOST = 64
"""No more than so many times the micro-batch is advised."""


class Compute(NamedTuple):
    """Arithmetic of training."""

    flops: float
    """Operations a second: tokens a second times the model's operations a token."""
    peak: float | None
    """Of the GPU; `None` where it is not known, or the products are not of 16 bits."""

    @property
    def utilisation(self) -> float | None:
        """Model FLOPs utilisation (arXiv:2204.02311, appendix B), per cent."""
        return 100.0 * self.flops / self.peak if self.peak else None


def compute(model: ModelReady, tokens_per_second: float, gpu: str) -> Compute:
    """What a speed comes to on the GPU of that name; empty for none."""
    is_half = model.dtype in ("bfloat16", "float16") and model.device.startswith("cuda")
    words = gpu.replace("-", " ").split()
    peak = next((peak for name, peak in PEAKS.items() if set(name.split()) <= set(words)), None)
    return Compute(tokens_per_second * model.flops_per_token, peak if is_half else None)


def compute_words(done: Compute) -> str:
    """`312 TFLOP/s · 31.6 % of 989`."""
    text = f"{significant(done.flops / 1e12, 3)} TFLOP/s"
    used = done.utilisation
    return text if used is None or done.peak is None else f"{text} · {used:.1f} % of {done.peak / 1e12:.0f}"


def micro_batch_factor(model: ModelReady, gpu: Gpu) -> int:
    """How many times the micro-batch would fit, as a power of two; 1 where it can't be said.

    Weights, gradients and moments stay as they are; everything else in use grows with the rows.
    """
    if gpu.memory_used is None or not gpu.memory_total or not model.device.startswith("cuda"):
        return 1
    fixed = model.bytes + CONTEXT_BYTES
    rows = gpu.memory_used - fixed
    if rows <= 0:
        return 1
    fits = (FULL * gpu.memory_total - fixed) / rows
    factor = 1
    while factor * 2 <= min(fits, MOST):
        factor *= 2
    return factor


def room_words(model: ModelReady, gpu: Gpu) -> str:
    """Advice about a GPU's memory; empty where there is none to give."""
    if gpu.memory_used is None or not gpu.memory_total:
        return ""
    used = f"{size(gpu.memory_used)} of {size(gpu.memory_total)} used"
    factor = micro_batch_factor(model, gpu)
    if factor > 1:
        return f"{used}: micro-batch could be {factor}×"
    return f"{used}: little room is left" if gpu.memory_used > TIGHT * gpu.memory_total else ""

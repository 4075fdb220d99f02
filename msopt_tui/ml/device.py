"""Where the tensors live: which device, which type the matrix products have, how many threads."""

from __future__ import annotations

import os
from typing import Literal

import torch

from msopt_tui.config.schema import ResourcesTable


def pick_device(resources: ResourcesTable) -> torch.device:
    """The device that `resources.device` names; `auto` takes CUDA, else Apple's GPU, else the CPU.

    Raises ValueError with the way out where the named device is not there.
    """
    wanted = resources.device
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if wanted.startswith("cuda"):
        return _cuda(wanted)
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f'resources.device: mps: {_none("Apple GPU")}: set it to "auto" or "cpu"')
    return torch.device(wanted)


def _cuda(wanted: str) -> torch.device:
    """`cuda` is the current device, `cuda:N` the N-th; the index is always spelt out."""
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not found:
        why = "this torch is built without CUDA" if torch.version.cuda is None else "no GPU answers its driver"
        raise ValueError(f'resources.device: {wanted}: {_none("CUDA device")}: {why}; set it to "auto" or "cpu"')
    index = int(wanted.partition(":")[2] or torch.cuda.current_device())
    if index >= found:
        raise ValueError(f"resources.device: {wanted}: this machine has {found} (cuda:0 to cuda:{found - 1})")
    return torch.device("cuda", index)


def _none(what: str) -> str:
    return f"torch sees no {what} on this machine"


def autocast_dtype(device: torch.device, setting: bool | Literal["auto"]) -> torch.dtype | None:
    """The type of the matrix products under autocast; `None`: float32 throughout.

    `auto` takes bfloat16 where the hardware multiplies it: CUDA from compute capability 8.0 (Ampere) on. On a CPU it is
    usually slower than float32, so it has to be asked for. Raises ValueError for `True` on an older GPU.
    """
    if setting is False:
        return None
    if device.type != "cuda":
        return torch.bfloat16 if setting is True else None
    major, minor = torch.cuda.get_device_capability(device)
    if major >= 8:
        return torch.bfloat16
    if setting is True:
        raise ValueError(
            f"train.bf16: {describe(device)} has compute capability {major}.{minor} and bfloat16 needs 8.0: "
            'set it to false or "auto"'
        )
    return None


def describe(device: torch.device) -> str:
    """The device in words: `cuda:0 (NVIDIA H200)`, `cpu`."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def set_threads(resources: ResourcesTable) -> int:
    """Let torch use `resources.threads` CPU threads (0 leaves it to torch); returns how many it uses now."""
    if resources.threads:
        torch.set_num_threads(resources.threads)
    return torch.get_num_threads()


def use(device: torch.device) -> None:
    """Make it the current one of this thread: marks that are put into a queue without a word go into that one's.

    Without it, figures on their way from a second GPU would be read when the first is through with nothing.
    """
    if device.type == "cuda":
        torch.cuda.set_device(device)


def make_repeatable(device: torch.device) -> None:
    """Have CUDA take kernels that give the same bits every time, where there are such; a CPU's always do.

    To be called before anything is computed. Without it the backward pass of fused attention adds in whatever order its
    blocks finish, and a resumed run drifts from the undisturbed one in the last bits. An operation without such a
    kernel warns once instead of failing.
    """
    if device.type != "cuda":
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # A guard for code that reads what it never wrote, which would write every new tensor twice.
    torch._C._set_deterministic_fill_uninitialized_memory(False)

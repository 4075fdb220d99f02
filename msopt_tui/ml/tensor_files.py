"""Tensors in safetensors files, the only kind of tensor file that is ever read: no pickle, nothing executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

MAX_HEADER = 32 << 20
"""A header names every tensor in about 100 bytes; one that claims more than this (bytes) is refused unread."""
_NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""What the format calls the types of numbers."""


class Copied(NamedTuple):
    """The content of a safetensors file in memory that is NumPy's: written by any thread, without torch."""

    header: bytes
    numbers: memoryview

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.header) + len(self.numbers)


def copy(tensors: Mapping[str, torch.Tensor]) -> Copied:
    """Copy tensors of any device; training may change them from then on.

    Laid out as `safetensors` itself does, wide types first, so that every tensor is aligned.
    """
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), str(tensors[name].dtype), name))
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in order:
        tensor, begin = tensors[name], end
        end += tensor.numel() * tensor.element_size()
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    numbers = np.empty(end, np.uint8)
    begin = 0
    for dtype, names in groupby(order, lambda name: tensors[name].dtype):
        # One call for all of a type: with small tensors the calls cost more than the bytes.
        flat = [tensors[name].detach().reshape(-1) for name in names]
        sizes = [one.numel() for one in flat]
        stop = begin + sum(sizes) * dtype.itemsize
        if stop > begin:
            torch._foreach_copy_(torch.from_numpy(numbers[begin:stop]).view(dtype).split(sizes), flat)
        begin = stop
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return Copied(len(text).to_bytes(8, "little") + text, numbers.data)


def write(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors by name; raises OSError where there is no room."""
    content = copy(tensors)
    with path.open("wb") as file:
        file.write(content.header)
        file.write(content.numbers)


def read(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by name, on the CPU; raises ValueError for anything that is no safetensors file."""
    check_header(path)
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path.name}: is no safetensors file: {error}") from error


def shapes(path: Path) -> dict[str, list[int]]:
    """Shapes by name, without reading the tensors; raises ValueError like `read`."""
    check_header(path)
    try:
        with safe_open(path, framework="pt") as file:
            return {name: list(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as error:
        raise ValueError(f"{path.name}: is no safetensors file: {error}") from error


def check_header(path: Path) -> None:
    """The first 8 bytes say how long the header is, and whoever wrote the file may have written anything there.

    Raises ValueError for what can't be true.
    """
    with path.open("rb") as file:
        claimed = int.from_bytes(file.read(8), "little")
    there = path.stat().st_size - 8
    if there < 0 or claimed > min(there, MAX_HEADER):
        raise ValueError(f"{path.name}: is no safetensors file: a header of {claimed} bytes in {there + 8} bytes")

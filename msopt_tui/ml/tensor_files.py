"""Tensors in safetensors files, the only kind of tensor file that is ever read: no pickle, nothing executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

MAX_HEADER = 32 << 20
"""A header names every tensor in about 100 bytes; one that claims more than this (bytes) is refused unread."""


def write(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors by name; raises OSError where there is no room."""
    on_host = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    try:
        save_file(on_host, path, metadata={"format": "pt"})
    except SafetensorError as error:
        raise OSError(str(error)) from error


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

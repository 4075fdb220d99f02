"""Tensor files: what comes back, and what is refused before it is read."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from msopt_tui.ml import tensor_files


def test_tensors_come_back_with_their_bits_types_and_shapes(tmp_path: Path) -> None:
    tensors = {
        "scalar": torch.tensor(3.0),
        "transposed": torch.rand(3, 4).T,
        "state": torch.get_rng_state(),
        "nan": torch.tensor([float("nan"), -0.0]),
        "half": torch.rand(3, 5).to(torch.bfloat16),
        "truth": torch.tensor([True, False, True]),
        "double": torch.rand(2, dtype=torch.float64),
        "whole": torch.tensor([[1, -2]]),
        "empty": torch.empty(0, 4),
    }
    tensor_files.write(tmp_path / "x.safetensors", tensors)
    found = tensor_files.read(tmp_path / "x.safetensors")
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        bits = torch.uint8 if tensor.ndim else tensor.dtype
        assert torch.equal(found[name].view(bits), tensor.contiguous().view(bits)), name
    assert tensor_files.shapes(tmp_path / "x.safetensors")["transposed"] == [4, 3]


@pytest.mark.parametrize("content", [b"", b"\0" * 7, b"\xff" * 64, (1 << 30).to_bytes(8, "little") + b"{}"])
def test_a_header_that_can_not_be_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    for read in (tensor_files.read, tensor_files.shapes):
        with pytest.raises(ValueError, match=r"x\.safetensors: is no safetensors file"):
            read(path)


def test_a_header_of_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with path.open("wb") as file:
        file.write((2 << 30).to_bytes(8, "little"))
        file.truncate(3 << 30)  # sparse: takes no room
    with pytest.raises(ValueError, match="a header of 2147483648 bytes"):
        tensor_files.read(path)


def test_a_pickle_is_refused_without_running_it(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(tmp_path / "sprung"),))

    path = tmp_path / "x.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="is no safetensors file"):
        tensor_files.read(path)
    assert not (tmp_path / "sprung").exists()

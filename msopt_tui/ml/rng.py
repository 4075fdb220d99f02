"""Random number generators: their whole state as tensors, and a way to draw without disturbing them.

Only torch's generators feed training (dropout); the order of the rows is computed from (seed, k), and sampling has a
generator of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def capture(device: torch.device) -> dict[str, torch.Tensor]:
    """States of the generators that training on `device` draws from: bytes (uint8) on the CPU, by `cpu` and `device`.

    Each state holds the seed and how far the generator has come.
    """
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["device"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["device"] = torch.mps.get_rng_state()
    return states


def restore(states: dict[str, torch.Tensor], device: torch.device) -> None:
    """Put back what `capture` took.

    A state for another kind of device is left out: the run goes on, with other random numbers on the device. Raises
    RuntimeError for bytes that are no state of this torch's generator.
    """
    torch.set_rng_state(states["cpu"])
    state = states.get("device")
    if state is None:
        return
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    elif device.type == "mps":
        torch.mps.set_rng_state(state)


@contextmanager
def preserved(device: torch.device) -> Iterator[None]:
    """Whatever is drawn inside leaves no trace outside."""
    states = capture(device)
    try:
        yield
    finally:
        restore(states, device)

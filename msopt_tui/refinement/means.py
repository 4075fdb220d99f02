"""What a run has that proposals can be about, beside its settings. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Means:
    """Of the model and the data in memory."""

    blocks: tuple[str, ...] = ()
    """The layers of the network from the input on, as `model.freeze` names them."""
    sources: tuple[str, ...] = ()
    """Names, in their order."""
    source_rows: tuple[int, ...] = ()
    """Training rows of each."""

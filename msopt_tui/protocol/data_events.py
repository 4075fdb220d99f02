"""Events of the first step: the data that is ready, and what it looks like."""

from __future__ import annotations

from msopt_tui.protocol.event_base import Base
from msopt_tui.protocol.values import Histogram, Number, PreviewRow


class DataPrepared(Base, frozen=True, kw_only=True):
    """Rows are ready to train on."""

    cached: bool
    key: str
    """Hash of everything that went in."""
    sha256: str
    """Of the raw text."""
    documents: dict[str, int]
    """Documents by split."""
    tokens: dict[str, int]
    """Tokens by split."""
    bytes: dict[str, int]
    """UTF-8 bytes of the original text by split, after cleaning."""
    removed: dict[str, int] = {}
    """What cleaning dropped: reason to count."""
    examples: dict[str, int] = {}
    """Examples by split, or rows of running text; empty where that was not counted."""
    supervised: dict[str, int] = {}
    """Targets by split; empty where they were not counted."""
    vocab_size: int
    seconds: float


class DataInspected(Base, frozen=True, kw_only=True):
    """What is about to be learned, looked at before a step is taken: the training split unless it says otherwise."""

    shapes: dict[str, str] = {}
    """Source to how its rows were understood: `alpaca: instruction, input → prompt; output → answer`."""
    rows: list[PreviewRow]
    """A few examples as the network will see them."""
    examples: int
    """In the training split."""
    lengths: Histogram
    """Of all training examples."""
    truncated: int
    """Examples that were cut to fit."""
    length_for_99: int = 0
    """The `data.max_length` that would hold 99 % of all whole (tokens); 0 where nobody looked."""
    target_length_for_99: int = 0
    """The `task.max_target_length` that would, for an encoder-decoder; 0 where nobody looked."""
    unended: int
    """Examples whose learned part does not end with the end token."""
    supervised: int
    """Targets in the training split."""
    padding: Number
    """Share of the positions in training rows that hold no token, as they are batched."""
    changed: dict[str, int] = {}
    """What cleaning kept in another form: what it did to how often."""
    removed_examples: dict[str, list[str]] = {}
    """Excerpts of what cleaning dropped, by the names in `DataPrepared.removed`."""

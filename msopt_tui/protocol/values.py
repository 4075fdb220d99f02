"""What events are made of besides plain scalars: small frozen records of their own."""

from __future__ import annotations

from typing import Literal

import msgspec

from msopt_tui.config.fields import Scalar

Number = float | None
"""`None` is not finite."""


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the network makes of one prompt, source, question or text."""

    prompt: str
    text: str
    """Its continuation, target, answer or class."""
    reference: str = ""
    """What it should be, where that is known."""
    context: str = ""
    """What a question is about."""
    note: str = ""
    """How sure, or how good: `confidence 0.98`, `F1 67`."""
    correct: bool | None = None
    """Whether it counts as right; `None` where that is no question."""


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """How often rows of each class were taken for each."""

    labels: list[str]
    counts: list[list[int]]
    """Rows [true class][predicted class]."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a row as its tokens have it."""

    text: str
    supervised: bool
    """Whether it is learned, not only read."""


class PreviewRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One example as the network will see it."""

    origin: str
    pieces: list[Piece]
    tokens: int
    supervised: int
    truncated: bool = False
    ended: bool = True
    """Whether what is learned ends with the end token."""


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """How many examples have which length (tokens)."""

    edges: list[int]
    """Bounds of the bars, one more than there are bars; a bar holds what is at least its lower bound and below its
    upper one."""
    counts: list[int]


FindingKind = Literal[
    "improving",
    "plateau",
    "overfitting",
    "underfitting",
    "data-exhausted",
    "diverging",
    "unstable",
    "rate-too-low",
    "rate-too-high",
    "noisy",
    "batch-too-small",
    "batch-too-large",
    "uneven-sources",
]
Start = Literal["best", "fresh"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the curves of a round say."""

    kind: FindingKind
    confidence: float
    """0 to 1."""
    evidence: str
    """In words, with the figures."""
    figures: dict[str, Number] = {}


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One change for the next round."""

    id: str
    title: str
    reason: str
    expected: str = ""
    cost: str = ""
    """What it takes beside the race, in words; empty for nothing."""
    changes: dict[str, Scalar]
    """Dotted setting to its new value."""
    start: Start = "best"
    """`best`: from the best checkpoint; `fresh`: from the weights that the run began with."""


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """One GPU; `None` where the driver does not say."""

    name: str
    utilisation: float | None = None
    """Per cent."""
    memory_used: int | None = None
    """Bytes."""
    memory_total: int | None = None
    """Bytes."""
    temperature: float | None = None
    """Degrees Celsius."""
    power: float | None = None
    """Watts."""

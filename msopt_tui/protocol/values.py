"""What events are made of besides plain scalars: small frozen records of their own."""

from __future__ import annotations

from typing import Literal

import msgspec

from msopt_tui.config.fields import Scalar

Number = float | None
"""`None` is not finite."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One continuation of one prompt."""

    prompt: str
    text: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the curves of a round say."""

    kind: Literal["improving", "plateau", "overfitting", "diverging", "unstable"]
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
    changes: dict[str, Scalar]
    """Dotted setting to its new value."""


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

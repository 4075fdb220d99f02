"""What all events have in common, and the names of the five steps."""

from __future__ import annotations

import time
from typing import Literal

import msgspec

Phase = Literal["preprocess", "initialise", "train", "evaluate", "refine"]
PHASES: tuple[Phase, ...] = ("preprocess", "initialise", "train", "evaluate", "refine")
"""The five steps, in their order on the screen."""


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=True, omit_defaults=True):
    """Common form of every event."""

    time: float = msgspec.field(default_factory=time.time)
    """Seconds since 1970."""

"""Events of the engine's own supervision: what its main thread sees of the worker and of the run."""

from __future__ import annotations

from msopt_tui.protocol.event_base import Base


class Stalled(Base, frozen=True, kw_only=True):
    """Nothing came from the worker for `resources.stall_timeout_s`; the stacks of all threads are in `output.log`."""

    seconds: float
    """Since the last sign of progress."""
    step: int
    doing: str
    """The run's status until then: running, evaluating, preparing, …"""


class StallEnded(Base, frozen=True, kw_only=True):
    """The worker goes on."""

    seconds: float
    """Without progress, altogether."""
    step: int


class Alerted(Base, frozen=True, kw_only=True):
    """A rule of `[ui.alerts]` began to hold."""

    step: int
    text: str
    """What is so, in words."""

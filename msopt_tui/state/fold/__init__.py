"""What each event does to the state of a run: one room a subject, `HANDLERS` is all of them."""

from msopt_tui.state.fold import lifecycle, steering, training
from msopt_tui.state.fold.table import HANDLERS

__all__ = ["HANDLERS", "lifecycle", "steering", "training"]

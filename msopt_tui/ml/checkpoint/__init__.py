"""Checkpoints: directories with Hugging Face's file names that appear whole or not at all, and are checked when read.

They hold everything a resumed run needs to go on to the last bit: weights, optimiser, generators, counters, settings in
force. The schedule and the order of the rows are functions of the step, so there is nothing of them to keep.
"""

from msopt_tui.ml.checkpoint.read import check, load
from msopt_tui.ml.checkpoint.shelf import list_steps, newest_valid, retain, tidy
from msopt_tui.ml.checkpoint.state import CheckpointError, TrainingState, differences, read_state
from msopt_tui.ml.checkpoint.write import Saved, Snapshot, point, save, snapshot, store

__all__ = [
    "CheckpointError",
    "Saved",
    "Snapshot",
    "TrainingState",
    "check",
    "differences",
    "list_steps",
    "load",
    "newest_valid",
    "point",
    "read_state",
    "retain",
    "save",
    "snapshot",
    "store",
    "tidy",
]

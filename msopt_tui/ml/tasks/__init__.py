"""What a network can be trained for: one file a task, found by `task_of`."""

from __future__ import annotations

from msopt_tui.config.schema import Config
from msopt_tui.ml.tasks.base import Subject, Task
from msopt_tui.ml.tasks.causal_lm import CausalLanguageModelling


def task_of(config: Config, subject: Subject) -> Task:
    """The task that a project file names, on a network that stands on its device."""
    return CausalLanguageModelling(subject, compiled=config.train.torch_compile)

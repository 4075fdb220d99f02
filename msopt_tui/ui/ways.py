"""What the app is given: the ways out of its screens into the rest of the program, and where things lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msopt_tui.link.base import EngineLink
from msopt_tui.ui.screens.run_view import BranchRun, ResumeRun

if TYPE_CHECKING:
    from subprocess import Popen

    from msopt_tui.runs.queue_file import Queue, QueueStore

OpenRun = Callable[[Path], EngineLink]
"""Opens a run for watching: live where its engine is there, else read-only."""
StartProject = Callable[[Path], EngineLink]
"""Starts a run with a project file; may block for a while, may raise OSError or ValueError."""


class QueueDeeds(NamedTuple):
    """How the queue is added to and worked off; see `screens.queue.QueueWays`."""

    add: Callable[[QueueStore, Path], Queue]
    work: Callable[[Path], Popen[bytes] | None]


class Ways(NamedTuple):
    """The ways out; where one is missing, the key that would go it says so."""

    open_run: OpenRun | None = None
    resume_run: ResumeRun | None = None
    """Takes an ended or lost run up again."""
    branch_run: BranchRun | None = None
    """Begins a run from another one's checkpoint."""
    start_project: StartProject | None = None
    queue: QueueDeeds | None = None


class Places(NamedTuple):
    """Where things lie."""

    runs_dir: Path | None = None
    """Folder with the runs of all projects, for the history; by default the one that the run on the screen is in."""
    themes: tuple[Path, ...] | None = None
    """Folders of theme files, the user's first; by default those of `msopt_tui.paths`."""
    layout: Path | None = None
    """The person's layout of the panes; without it nothing is remembered."""
    hints: Path | None = None
    """Says that the person has seen the hints; without it none are shown."""


NO_WAYS, USUAL_PLACES = Ways(), Places()

"""From the command line to the app on a terminal, and back."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from msopt_tui.config.schema import UiTable
from msopt_tui.link.base import EngineLink
from msopt_tui.paths import state_dir
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.fd_guard import FdGuard
from msopt_tui.ui.sanitise import sanitise
from msopt_tui.ui.ways import Places, Ways

if TYPE_CHECKING:
    from msopt_tui.link.ahead import Ahead
    from msopt_tui.runs.project_file import ProjectFile
    from msopt_tui.ui.screens.run_view import Outcome


def _settle() -> None:
    """What stands now stays: collections that walk all of it again and again would be felt as hiccups."""
    gc.freeze()
    gc.enable()


def farewell(outcome: Outcome | None, name: str) -> str:
    """What is said of a run once the screen is gone, a line; nothing where it was only looked at."""
    if outcome == "detached":
        return f"{name} goes on without a screen; back to it:\n  msopt-tui attach {name}\n"
    if outcome == "ended":
        return f"{name} is over; what came of it:\n  msopt-tui show {name}\n"
    return ""


def run_cockpit(
    link: EngineLink | None,
    *,
    ui: UiTable,
    fps: int,
    runs_dir: Path,
    ways: Ways,
    edit: ProjectFile | None = None,
    readonly: bool = False,
    can_detach: bool = True,
    ahead: Ahead | None = None,
) -> int:
    """Show a run, else the editor of `edit` or the history, until the person leaves; returns the exit code.

    It is the run's own where the run has ended, 0 where it goes on, 128 + n where a signal or a lost terminal ended
    the screen. Whatever is written to descriptors 1 and 2 meanwhile goes to the run's `output.log`. `ahead` reads the
    past of `link` already.
    """
    from msopt_tui.ui.terminal import SafeLinuxDriver, safe_driver

    # Thousands of objects are made before the first frame, hundreds of thousands while the past of a long run is read,
    # and none of them is garbage: `_settle` turns it on again.
    gc.disable()
    try:
        guard = FdGuard(link.run_dir / "output.log" if link is not None else Path(os.devnull))
    except OSError:
        guard = None  # a run directory of someone else: nothing of ours may be written there
    app = CockpitApp(
        link,
        config_ui=msgspec.structs.replace(ui, fps=fps),
        readonly=readonly,
        can_detach=can_detach,
        ways=ways,
        places=Places(runs_dir, layout=state_dir() / "layout.json", hints=state_dir() / "hints-shown"),
        edit=edit,
        ahead=ahead,
        driver_class=SafeLinuxDriver if guard is None else safe_driver(guard),
    )
    app.when_settled = _settle
    outcome = app.run()
    if guard is not None:
        guard.close()
    said = "" if link is None else farewell(outcome, sanitise(link.run_dir.name, multiline=False))
    if said:  # not even nothing may be written to a terminal that is gone
        print(said, end="")
    return app.return_code or 0

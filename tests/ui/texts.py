"""What the text snapshots of the screens share."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from msopt_tui.runs.notes import write_notes
from msopt_tui.runs.row import RunNotes
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.screens.run_view import Outcome
from tests.unit.runs_maker import make_run

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((160, 45), id="160x45")]
RULE = "~ "
"""Begins the first line of a snapshot: no screen has a line like it."""


def shown(app: CockpitApp) -> str:
    """The class of the screen that has the keys, then all that is read on the terminal."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join([RULE + type(app.screen).__name__, *(strip.text.rstrip() for strip in strips)])


async def burst(pilot: Pilot[Outcome], *keys: str) -> None:
    """Keys all at once, which is quicker than `press`: that waits after each."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await pilot.pause()


async def still(pilot: Pilot[Outcome], app: CockpitApp) -> str:
    """The same once nothing changes any more: what lies behind a dialog may be painted a frame later."""
    before = ""
    while before != (now := shown(app)):
        before = now
        await pilot.pause()
        await pilot.pause()
    return now


async def until(pilot: Pilot[Outcome], app: CockpitApp, words: str) -> None:
    """Wait until something is to be read."""
    for _ in range(500):
        if words in shown(app):
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError(f"waited in vain for {words!r}:\n{shown(app)}")


def some_runs(folder: Path) -> None:
    make_run(folder, "delta", created=400.0, step=1, best_loss=3.0, status="running")
    make_run(folder, "charlie", created=300.0, step=40, status="stopped", checkpoint=30)
    make_run(folder, "bravo", created=200.0, step=30, best_loss=1.0, status="failed", reason="out of memory")
    make_run(folder, "alpha", created=100.0, step=20, best_loss=2.0, description="the first")
    make_run(folder, "echo", created=90.0, step=600, best_loss=1.234, best_step=550)
    make_run(folder, "foxtrot", created=80.0, step=600, best_loss=1.3, parent="echo", parent_step=200)
    write_notes(folder / "docs" / "echo", RunNotes(tags=("baseline",), note="as good as it gets", pinned=True))

"""A run that comes off its course goes back, skips the data that did it, and ends better than one that does not."""

from __future__ import annotations

import gc
from pathlib import Path

import torch

from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.engine.host import make_engine
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.state.run_state import RunState
from tests.projects import state_of, write_project

DAMAGE = 0.6
"""Steps of one corrupted stretch change the weights by this much: what a bad shard does to them."""


def run_with_damage(folder: Path, *overrides: str) -> tuple[RunDirectory, RunState]:
    project = write_project(folder / "work")
    arguments = ["train.max_steps=160", "train.save_steps=20", "train.learning_rate=3e-3", *overrides]
    directory = launch.create_run(load_project(project, arguments), project, folder / "runs")
    engine = make_engine(directory, somebody_watches=False)
    control = engine._control
    poll, sound = control.poll, True

    def damage(step: int) -> None:
        """Behind step 80 and its checkpoint, once, where commands come in: on the worker thread."""
        nonlocal sound
        poll(step)
        if sound and step == 80 and control._situation == "training":
            sound = False
            hurt()

    def hurt() -> None:
        for thing in gc.get_objects():
            if type(thing) is torch.nn.Linear:
                with torch.no_grad():
                    noise = torch.randn(thing.weight.shape, generator=torch.Generator().manual_seed(1))
                    thing.weight.add_(noise * DAMAGE)

    control.poll = damage  # type: ignore[method-assign]  # what a bad shard does, at a step that is known
    engine.serve()
    return directory, state_of(directory)


def test_a_spike_is_rolled_back_and_the_run_ends_better_than_without(tmp_path: Path) -> None:
    guarded_run, guarded = run_with_damage(tmp_path / "guarded")
    _, left = run_with_damage(tmp_path / "left", "train.spike_sigmas=0", "train.max_broken_steps=0")
    back = [e for e in map(_decode, guarded_run.events.read_bytes().splitlines()) if isinstance(e, ev.RolledBack)]
    assert [event.from_step for event in back] == [80]
    assert back[0].since > 80
    assert guarded.marks.of("rollback")
    assert guarded.settings["train.learning_rate"] == 1.5e-3
    assert not left.marks.of("rollback")
    assert guarded.status == left.status == "completed"
    final, without = guarded.losses.last, left.losses.last
    assert final is not None
    assert without is not None
    assert final < without


def _decode(line: bytes) -> ev.Event:
    from msopt_tui.protocol.codec import decode_event

    return decode_event(line)

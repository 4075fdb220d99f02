"""Stopped again and again without a save, within an epoch and across epochs, behind whatever was done: the last bit.

Losses, weights, optimiser state and random numbers are those of the undisturbed run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch

from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.ml import checkpoint, manifest
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from tests.ml import live
from tests.ml import task_projects as projects
from tests.ml.pretrained_dirs import of_family
from tests.projects import events_of, losses_of

torch.set_num_threads(1)

Commands = Mapping[int, Sequence[cmd.Command]]
SHORT = (
    "train.max_steps=24",
    "train.save_steps=6",
    "train.eval_steps=12",
    "train.per_device_train_batch_size=8",
    "train.gradient_accumulation_steps=2",
    "evaluate.prompts=[]",
)
"""Nine steps are an epoch."""
STOPS = (7, 8, 11, 20)
"""Twice in the first epoch from the same checkpoint, then in the second and the third."""
BF16 = "train.bf16=true"
ADJUST = cmd.Adjust(changes={"train.learning_rate": 1e-3, "train.weight_decay": 0.3})
BACK = cmd.RollBack(step=6)
CASES: dict[str, tuple[tuple[str, ...], Commands]] = {
    "bfloat16": ((BF16,), {}),
    "an adjustment, in bfloat16": ((BF16,), {10: [ADJUST]}),
    "a rollback": ((), {10: [BACK]}),
    "an adjustment, a rollback, another adjustment": (
        (),
        {9: [ADJUST], 10: [BACK], 14: [cmd.Adjust(changes={"train.learning_rate": 5e-4})]},
    ),
}


def in_parts(run: RunDirectory, commands: Commands, stops: Sequence[int]) -> RunDirectory:
    """The run by one engine after the other; each sends what is due up to where it is stopped, and saves nothing."""
    begun = 0
    for stop in stops:
        due = {step: list(those) for step, those in commands.items() if begun < step <= stop}
        due[stop] = [*due.get(stop, ()), cmd.Stop(save=False)]
        live.serve(run, due)
        begun = stop
    return live.serve(run, {step: those for step, those in commands.items() if step > begun})


def same(parted: RunDirectory, whole: RunDirectory) -> None:
    assert losses_of(parted) == losses_of(whole)
    steps = checkpoint.list_steps(whole.checkpoints)
    assert checkpoint.list_steps(parted.checkpoints)[-1] == steps[-1]
    ours, theirs = (manifest.read(run.checkpoint(steps[-1])).files for run in (parted, whole))
    tensors = [name for name in theirs if name.endswith(".safetensors")]
    assert len(tensors) == 3
    assert {name: ours[name] for name in tensors} == {name: theirs[name] for name in tensors}


def resumed_from(run: RunDirectory) -> list[int | None]:
    return [event.resumed_from_step for event in events_of(run) if isinstance(event, ev.RunStarted)]


@pytest.mark.parametrize("case", CASES)
def test_behind(case: str, tmp_path: Path) -> None:
    overrides, commands = CASES[case]
    whole = live.serve(live.create(tmp_path, *SHORT, *overrides), commands)
    parted = in_parts(live.create(tmp_path, *SHORT, *overrides), commands, STOPS)
    assert resumed_from(parted) == [None, 6, 6, 6, 18]
    done = [event.step for event in events_of(whole) if isinstance(event, ev.RolledBack)]
    assert done == [step for step, those in commands.items() if BACK in those]
    same(parted, whole)


def test_bfloat16_is_another_calculation(tmp_path: Path) -> None:
    """Else the cases above would prove less than they say."""
    short = (*SHORT, "train.max_steps=3")
    assert losses_of(live.serve(live.create(tmp_path, *short))) != losses_of(
        live.serve(live.create(tmp_path, *short, BF16))
    )


def test_behind_a_round_of_refinement(tmp_path: Path) -> None:
    overrides = (*SHORT, "refine.mode=auto", "refine.max_rounds=2", "refine.probe_steps=4", BF16)
    commands: Commands = {30: [ADJUST]}
    whole = live.serve(live.create(tmp_path, *overrides), commands)
    assert [event.round for event in events_of(whole) if isinstance(event, ev.RoundStarted)] == [1, 2]
    parted = in_parts(live.create(tmp_path, *overrides), commands, (20, 27, 28, 34))
    same(parted, whole)


@pytest.mark.parametrize("precision", ["false", "true"])
def test_with_adapters_behind_an_adjustment_and_a_rollback(precision: str, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    of_family("gpt2", tmp_path)
    lora = '[model]\npretrained = "base"\ndropout = 0.1\n[model.lora]\nr = 4\ndropout = 0.1\n'
    project = projects.write(tmp_path, "text-classification", model=lora, steps=24)

    def create() -> RunDirectory:
        overrides = [f"data.cache_dir={tmp_path / 'cache'}", *SHORT[:3], f"train.bf16={precision}"]
        return launch.create_run(load_project(project, overrides), project, tmp_path / "runs")

    commands: Commands = {9: [ADJUST], 10: [BACK]}
    same(in_parts(create(), commands, STOPS), live.serve(create(), commands))

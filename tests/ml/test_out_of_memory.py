"""A step that does not fit is taken again in smaller parts: the same losses, and the size that fits is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.engine.host import make_engine
from msopt_tui.ml import manifest
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.stream import ROWS
from msopt_tui.ml.tasks.causal_lm import CausalLanguageModelling
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from tests.ml import live
from tests.ml import task_projects as projects
from tests.projects import events_of, losses_of, state_of

Fits = Callable[[int], bool]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fits], None]:
    """An allocator that has room for some numbers of rows only; what does not fit draws random numbers first."""
    sound = CausalLanguageModelling.loss

    def limit(fits: Fits) -> None:
        def loss(self: CausalLanguageModelling, batch: Batch, label_smoothing: float) -> torch.Tensor:
            if not fits(len(batch[ROWS])):
                torch.rand(7)
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore words")
            return sound(self, batch, label_smoothing)

        monkeypatch.setattr(CausalLanguageModelling, "loss", loss)

    return limit


def project(folder: Path) -> Path:
    return projects.write(folder, "causal-lm", model=projects.small("llama"), steps=12)


def adjusted(directory: RunDirectory) -> list[tuple[str, object, object]]:
    return [(one.setting, one.new, one.who) for one in events_of(directory) if isinstance(one, ev.Adjusted)]


def test_the_micro_batch_halves_until_it_fits_and_the_losses_stay(
    tmp_path: Path, memory: Callable[[Fits], None]
) -> None:
    whole = losses_of(projects.run(project(tmp_path / "whole")))
    memory(lambda rows: rows <= 2)
    directory = projects.run(project(tmp_path / "small"))
    parts = losses_of(directory)
    assert len(whole) == len(parts) == 12
    for step, loss in whole.items():
        assert parts[step] == pytest.approx(loss, abs=1e-5)
    micro, accumulation = "train.per_device_train_batch_size", "train.gradient_accumulation_steps"
    assert adjusted(directory) == [
        (micro, 4, "out of memory"),
        (accumulation, 2, "out of memory"),
        (micro, 2, "out of memory"),
        (accumulation, 4, "out of memory"),
    ]


def test_the_first_loss_is_that_of_the_unsplit_step(tmp_path: Path, memory: Callable[[Fits], None]) -> None:
    whole = losses_of(projects.run(project(tmp_path / "whole"), "train.max_steps=1", "train.warmup_steps=0"))
    memory(lambda rows: rows <= 4)
    parts = losses_of(projects.run(project(tmp_path / "small"), "train.max_steps=1", "train.warmup_steps=0"))
    assert parts[1] == pytest.approx(whole[1], abs=1e-6)


def test_a_step_that_fits_later_leaves_no_trace_of_the_try(tmp_path: Path, memory: Callable[[Fits], None]) -> None:
    """Dropout draws from the generator that the failed try drew from too."""
    dropout = "model.dropout=0.2"
    memory(lambda rows: rows <= 4)
    split = losses_of(
        projects.run(
            project(tmp_path / "split"),
            dropout,
            "train.per_device_train_batch_size=4",
            "train.gradient_accumulation_steps=2",
        )
    )
    found = losses_of(projects.run(project(tmp_path / "found"), dropout))
    assert found == split


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """An optimiser's kernel that has no memory the n-th time it is called, and always has otherwise."""
    sound: Callable[..., None] = torch._fused_adamw_
    calls = 0

    def fail_at(number: int) -> None:
        def kernel(*arguments: object, **named: object) -> None:
            nonlocal calls
            calls += 1
            if calls == number:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB.")
            sound(*arguments, **named)

        monkeypatch.setattr(torch, "_fused_adamw_", kernel)

    return fail_at


def test_an_update_without_memory_leaves_no_trace_of_the_try(tmp_path: Path, kernel: Callable[[int], None]) -> None:
    """The running norm and the clocks are moved before the kernel is called: two calls a step, the first of step 5."""
    short = ("train.max_steps=10", "train.save_steps=10", "train.per_device_train_batch_size=8", "evaluate.prompts=[]")
    asked = live.create(tmp_path, *short)
    live.serve(asked, {4: [cmd.Adjust(changes={"train.per_device_train_batch_size": 4})]})
    kernel(9)
    found = live.serve(live.create(tmp_path, *short))
    assert [(value, who) for _, value, who in adjusted(found)] == [(4, "out of memory"), (2, "out of memory")]
    assert losses_of(found) == losses_of(asked)
    files = [manifest.read(run.checkpoint(10)).files for run in (found, asked)]
    for name in ("model.safetensors", "optimizer.safetensors", "rng.safetensors"):
        assert files[0][name] == files[1][name], name


def test_an_update_that_is_half_done_ends_the_run_and_a_resume_goes_on(
    tmp_path: Path, kernel: Callable[[int], None]
) -> None:
    short = ("train.max_steps=6", "train.save_steps=2", "evaluate.prompts=[]")
    whole = live.serve(live.create(tmp_path, *short))
    kernel(8)
    run = live.serve(live.create(tmp_path, *short), fails=True)
    ended = state_of(run).ended
    assert ended is not None
    assert "in the middle of an update" in ended.reason
    live.serve(run)
    assert losses_of(run) == losses_of(whole)


def test_where_not_even_one_row_fits_the_run_says_what_to_do(tmp_path: Path, memory: Callable[[Fits], None]) -> None:
    memory(lambda rows: False)
    path = project(tmp_path)
    config = load_project(path, [f"data.cache_dir={tmp_path / 'cache'}"])
    engine = make_engine(launch.create_run(config, path, tmp_path / "runs"), somebody_watches=False)
    engine.serve()
    assert engine.ended is not None
    assert engine.ended.status == "failed"
    assert "not even one row fits into memory" in engine.ended.reason

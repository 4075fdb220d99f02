"""A run of any task that is stopped and taken up again has the losses and the weights of one that was not."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.engine.engine import Engine
from msopt_tui.engine.host import make_engine
from msopt_tui.protocol import commands as cmd
from msopt_tui.runs.directory import RunDirectory
from tests.ml import hub_standins as standins
from tests.ml import task_projects as projects
from tests.projects import losses_of

STEPS, STOPPED = 12, 7
SETTINGS = ("model.dropout=0.1", "train.gradient_accumulation_steps=2", "train.per_device_train_batch_size=4")

ADAPTERS = '[model]\npretrained = "model"\n[model.lora]\nr = 4\ntarget_modules = "all-linear"'
CASES = {
    "masked-lm": projects.small("bert"),
    "instruction": projects.small("llama"),
    "translation": projects.small("t5"),
    "question-answering": projects.small("bert"),
    "text-classification": projects.small("bert"),
    "preference": ADAPTERS,
    "text-classification with adapters": ADAPTERS,
}


def stop_when_paused(directory: RunDirectory, engine: Engine) -> None:
    """Ends the engine where it waits; ends by itself when the engine does."""
    while engine.ended is None:
        if directory.events.exists() and b'"type":"Paused"' in directory.events.read_bytes():
            engine.submit(cmd.Stop())
            return
        time.sleep(0.01)


def engine_on(directory: RunDirectory) -> str:
    engine = make_engine(directory, somebody_watches=False)
    engine.serve()
    assert engine.ended is not None
    return engine.ended.status


@pytest.mark.parametrize("case", CASES)
def test_the_same_to_the_last_bit(case: str, tmp_path: Path) -> None:
    task, model = case.partition(" ")[0], CASES[case]
    if "lora" in model:
        pytest.importorskip("peft")
        texts = [str(row) for row in projects.rows(task)]
        architecture = "gpt2" if task == "preference" else "bert"
        standins.model(tmp_path / "model", architecture, texts)  # type: ignore[arg-type]  # one of the two
    project = projects.write(tmp_path, task, model=model, steps=STEPS)
    whole = projects.run(project, *SETTINGS)
    config = load_project(project, [f"data.cache_dir={tmp_path / 'cache'}", *SETTINGS])
    directory = launch.create_run(config, project, tmp_path / "runs")
    first = make_engine(directory, somebody_watches=False)
    first.submit(cmd.Pause(at_step=STOPPED))
    watcher = threading.Thread(target=stop_when_paused, args=(directory, first))
    watcher.start()
    first.serve()
    watcher.join()
    assert first.ended is not None
    assert first.ended.step == STOPPED
    assert engine_on(directory) == "completed"
    assert losses_of(directory) == losses_of(whole)
    assert len(losses_of(whole)) == STEPS
    ours, theirs = (load_file(run.path / "model" / "model.safetensors") for run in (directory, whole))
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours)

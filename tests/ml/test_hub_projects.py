"""The project files for people with a GPU and a network: they load here, and run on stand-ins with the same columns."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tomli
import tomli_w

from msopt_tui.checkup import print_check
from msopt_tui.config.load import load_project
from msopt_tui.config.tasks import METRICS_OF, Architecture
from msopt_tui.paths import sample_projects_dir
from tests.ml import hub_standins as standins
from tests.ml import task_projects as projects
from tests.ml.pretrained_dirs import of_family
from tests.projects import state_of

FILES = sorted((sample_projects_dir() / "hub").glob("*.toml"))
ARCHITECTURES: dict[str, Architecture] = {
    "bert-base-uncased": "bert",
    "t5-small": "t5",
    "gpt2": "gpt2",
    "SmolLM2-135M-Instruct": "llama",
}
SMALL = {
    "train": {
        "max_steps": 6,
        "eval_steps": 3,
        "save_steps": 6,
        "warmup_steps": 1,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
    },
    "evaluate": {"max_new_tokens": 4, "max_predictions": 4, "num_beams": 1},
    "refine": {"mode": "off"},
    "resources": {"device": "cpu", "threads": 1},
}


def test_there_is_one_a_task() -> None:
    assert {load_project(path).task.name for path in FILES} == set(METRICS_OF)


def stand_in(path: Path, folder: Path) -> Path:
    """The same project on local data and a local model, a few steps of it."""
    project = tomli.loads(path.read_text(encoding="utf-8"))
    sources = project["data"]["sources"]
    name = sources[0]["path"]
    local = standins.data_set(folder / "data", name, [source.get("split", "train") for source in sources])
    for source in sources:
        source["path"] = str(local)
    project["data"].update(max_length=48, validation_fraction=0.1)
    if project["data"].get("test_fraction"):
        project["data"]["test_fraction"] = 0.1
    texts = [str(row) for row in standins.rows(name, 60, 0).to_list()]
    architecture = ARCHITECTURES[project["model"]["pretrained"].rpartition("/")[2]]
    chat = "Instruct" in project["model"]["pretrained"]
    project["model"]["pretrained"] = str(standins.model(folder / "model", architecture, texts, chat=chat))
    for table, values in SMALL.items():
        project.setdefault(table, {}).update(values)
    project["project"]["name"] = "tiny"
    project["task"].pop("max_target_length", None)
    project["task"]["doc_stride"] = 8
    written = folder / "project.toml"
    written.write_text(tomli_w.dumps(project), encoding="utf-8")
    return written


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_runs_on_rows_with_the_same_columns(path: Path, tmp_path: Path) -> None:
    if "lora" in path.stem:
        pytest.importorskip("peft")
    directory = projects.run(stand_in(path, tmp_path))
    state = state_of(directory)
    assert state.step == 6
    assert state.best is not None
    assert set(METRICS_OF[load_project(path).task.name]) <= set(state.best.metrics)
    assert state.test is not None
    assert (directory.path / "model" / "config.json").is_file()
    assert (directory.path / "adapter").is_dir() == ("lora" in path.stem)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_check_without_the_network_says_what_is_missing_in_one_line(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "lora" in path.stem:
        pytest.importorskip("peft")
    project = tmp_path / path.name
    shutil.copyfile(path, project)
    config = load_project(project)
    model = config.model.pretrained

    def said() -> str:
        assert print_check(load_project(project, ["data.max_length=48"]), tmp_path, tmp_path / "cache") == 1
        shown = capsys.readouterr().err
        assert shown.count("\n") == 1, shown
        return shown

    assert said().startswith(f"msopt-tui: model.pretrained: {model} is no directory in {tmp_path}, and the hub did not")
    # A directory of that name stands in for the model; the data is still not there.
    of_family({"llama": "chat"}.get(kind := ARCHITECTURES[model.rpartition("/")[2]], kind), tmp_path, model)
    shown = said()
    assert shown.startswith(f"msopt-tui: datasets/{config.data.sources[0].path}")
    assert "needs the network once" in shown

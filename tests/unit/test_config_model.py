"""`[model]`: presets and sizes, the table inside it, and what contradicts what."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from msopt_tui.config import crosscheck
from msopt_tui.config.change import value_of, with_changes
from msopt_tui.config.dump import flatten, to_toml
from msopt_tui.config.fields import fields_of, find, tables
from msopt_tui.config.json_schema import json_schema
from msopt_tui.config.load import load_project
from msopt_tui.config.presets import PRESETS, short_name, sizes
from msopt_tui.config.schema import Config, ModelTable
from tests.unit.test_config import MINIMAL, problems, write


def load(folder: Path, text: str, *overrides: str) -> Config:
    return load_project(write(folder, MINIMAL + text), overrides)


@pytest.fixture(autouse=True)
def with_peft(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the file, not about what is installed."""
    monkeypatch.setattr(crosscheck, "find_spec", lambda name: object())


def test_a_table_inside_a_table_is_read_however_it_is_written(tmp_path: Path) -> None:
    expected = load(tmp_path, '[model]\npretrained = "x"\n[model.lora]\nr = 4\nalpha = 16\n')
    assert (expected.model.lora.r, expected.model.lora.alpha) == (4, 16.0)
    for text in (
        '[model]\nmodel_name_or_path = "x"\nlora = { rank = 4, lora_alpha = 16.0 }\n',
        '[model]\npretrained = "x"\nlora.r = 4\nlora.alpha = 16\n',
        '[model.lora]\nr = 4\nalpha = 16\n[model]\npretrained = "x"\n',
    ):
        assert load(tmp_path, text).model == expected.model
    overridden = load(tmp_path, '[model]\npretrained = "x"\n', "model.lora.r=4", "model.lora.lora_alpha=16")
    assert overridden.model == expected.model


def test_its_mistakes_have_a_line_and_the_nearest_key(tmp_path: Path) -> None:
    text = '[model]\npretrained = "x"\n[model.lora]\nrang = 4\nr = true\nalpha = 0\ntarget_modules = "q_proj"\n[lora]\n'
    assert problems(write(tmp_path, MINIMAL + text)) == [
        "project.toml:10: lora: unknown table; did you mean model.lora?",
        "project.toml:6: model.lora.rang: unknown key; did you mean rank?",
        "project.toml:7: model.lora.r: True is not allowed: a whole number >= 0 and <= 65536",
        "project.toml:8: model.lora.alpha: 0 is not allowed: a number > 0 and <= 1,000,000",
        "project.toml:9: model.lora.target_modules: 'q_proj' is not allowed: a list or one of all-linear",
    ]
    inline = '[model]\npretrained = "x"\nlora = { rang = 4 }\n'
    assert problems(write(tmp_path, MINIMAL + inline))[0].startswith("project.toml:5: model.lora.rang: unknown key")
    assert "a table is meant: [model.lora]" in problems(write(tmp_path, MINIMAL + "[model]\nlora = 8\n"))[0]
    assert "did you mean model.lora.r?" in problems(write(tmp_path, MINIMAL), "model.lora.rr=1")[0]


def test_it_is_written_and_read_back_and_changed_like_the_others(tmp_path: Path) -> None:
    config = load(tmp_path, '[model]\npretrained = "x"\n[model.lora]\nr = 4\ntarget_modules = ["q_proj"]\n')
    assert load_project(write(tmp_path, to_toml(config))) == config
    flat = flatten(config)
    assert (flat["model.lora.r"], flat["model.lora.target_modules"]) == (4, '["q_proj"]')
    assert "model.lora" not in flat
    changed = with_changes(config, {"model.lora.dropout": 0.5, "model.dropout": 0.25, "train.seed": 1})
    assert value_of(changed, "model.lora.dropout") == 0.5
    assert (changed.model.lora.r, changed.model.dropout, changed.train.seed) == (4, 0.25, 1)
    assert value_of(config, "model.lora.dropout") == 0.0


def test_it_is_a_table_of_its_own_and_no_field() -> None:
    assert list(tables()).index("model.lora") == list(tables()).index("model") + 1
    assert "lora" not in fields_of("model")
    assert find("model.lora.lora_r").path == "model.lora.r"
    with pytest.raises(KeyError):
        find("model.lora")
    schema = msgspec.json.decode(json_schema())["$defs"]
    assert schema["ModelTable"]["properties"]["lora"]["$ref"] == "#/$defs/LoraTable"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('preset = "gpt2-smal"', "model.preset: no preset is called 'gpt2-smal'; did you mean gpt2-small?"),
        ('preset = "zzz"', "there are gpt2-small, gpt2-medium"),
        ('pretrained = "x"\npreset = "gpt2-small"', "model.preset: model.pretrained comes with its own sizes"),
        ('pretrained = "x"\nhidden_size = 64', "model.hidden_size: model.pretrained comes with its own sizes"),
        ('pretrained = "x"\ntie_word_embeddings = true', "model.tie_word_embeddings: model.pretrained"),
        ('pretrained = "x"\n[tokenizer]\nvocab_size = 300', "tokenizer: model.pretrained comes with its own tokenizer"),
        ('preset = "gpt2-small"\nnum_attention_heads = 5', "5 does not divide hidden_size 768"),
        ('preset = "gpt2-small"\nnum_key_value_heads = 3', "gpt2 has keys and values for every attention head"),
        ("num_key_value_heads = 3", "3 does not divide num_attention_heads 4"),
        ("hidden_size = 2\nnum_attention_heads = 4", "4 does not divide hidden_size 2"),
        ("[model.lora]\nr = 8", "model.lora: adapters learn beside a trained model"),
        ('pretrained = "x"\n[model.lora]\nalpha = 2', "model.lora.r: says how large the adapters are"),
        ('pretrained = "x"\nfreeze = ["a"]\n[model.lora]\nr = 2', "model.freeze: with [model.lora] all of the model"),
    ],
)
def test_contradictions(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in problem for problem in problems(write(tmp_path, f"{MINIMAL}[model]\n{text}\n")))


def test_adapters_without_peft_are_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crosscheck, "find_spec", lambda name: None)
    text = '[model]\npretrained = "x"\n[model.lora]\nr = 2\n'
    (problem,) = problems(write(tmp_path, MINIMAL + text))
    assert problem == "project.toml:5: model.lora: PEFT is not installed: pip install 'msopt-tui[lora]'"
    assert load(tmp_path, '[model]\npretrained = "x"\n').model.lora.r == 0


def test_without_a_preset_the_sizes_are_the_usual_ones() -> None:
    shape = sizes(ModelTable())
    assert (shape.architecture, shape.hidden_size, shape.num_hidden_layers) == ("llama", 128, 4)
    assert (shape.num_attention_heads, shape.num_key_value_heads, shape.intermediate_size) == (4, 4, 352)
    assert shape.tie_word_embeddings


def test_what_belongs_to_a_presets_width_and_heads_follows_new_ones() -> None:
    shape = sizes(ModelTable(preset="smollm2-135m", hidden_size=64, num_attention_heads=2))
    assert (shape.num_key_value_heads, shape.intermediate_size) == (2, 176)
    other = sizes(ModelTable(preset="smollm2-135m", architecture="gpt2"))
    assert (other.hidden_size, other.num_key_value_heads, other.intermediate_size) == (576, 9, 2304)


ARCHITECTURE_TASK = {"llama": "causal-lm", "gpt2": "causal-lm", "bert": "masked-lm", "t5": "translation"}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_accepted_and_is_what_it_says(tmp_path: Path, name: str) -> None:
    task = ARCHITECTURE_TASK[PRESETS[name].architecture]
    source = MINIMAL if task != "translation" else MINIMAL.replace("python-topics", "python-functions")
    config = load_project(write(tmp_path, f'{source}[task]\nname = "{task}"\n[model]\npreset = "{name}"\n'))
    assert sizes(config.model) == PRESETS[name]


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (ModelTable(), "llama-4x128"),
        (ModelTable(preset="gpt2-small"), "gpt2-small"),
        (ModelTable(preset="gpt2-small", num_hidden_layers=2), "gpt2-2x768"),
        (ModelTable(pretrained="HuggingFaceTB/SmolLM2-135M"), "SmolLM2-135M"),
    ],
)
def test_a_run_is_named_after_its_model(table: ModelTable, name: str) -> None:
    assert short_name(table) == name

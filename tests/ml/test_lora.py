"""Adapters: they alone learn, their files are PEFT's, a resumed run is the same one, the merged model a plain one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file
from transformers.modeling_utils import PreTrainedModel
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from msopt_tui.config.schema import LoraTable, ModelTable
from msopt_tui.data.prepare import PreparedData, prepare
from msopt_tui.ml import checkpoint, export, lora, optim
from msopt_tui.ml import model as models
from msopt_tui.ml import network as networks
from msopt_tui.ml.checkpoint import CheckpointError, TrainingState
from msopt_tui.ml.forward import logits_of
from msopt_tui.ml.optim import AdamW
from tests.ml.pretrained_dirs import project, save
from tests.ml.tiny import ARCHITECTURES, CPU, LENGTH, SETTINGS, Architecture, network, rows, train

peft = pytest.importorskip("peft")
both = pytest.mark.parametrize("architecture", ARCHITECTURES)
STATE = TrainingState(step=5, round=1, round_first_step=0, round_last_step=20, tokens=640)
LORA = LoraTable(r=4, alpha=16, dropout=0.1)


def adapted(architecture: Architecture = "llama", table: LoraTable = LORA, seed: int = 7) -> PreTrainedModel:
    model = network(architecture, seed=seed, initializer_range=0.2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        lora.add(model, table, "base")
    return model


def trained(architecture: Architecture) -> tuple[PreTrainedModel, AdamW]:
    model = adapted(architecture)
    optimizer = optim.build(model, SETTINGS, CPU)
    torch.manual_seed(5)
    train(model, optimizer, 1, 5)
    return model, optimizer


def start(tmp_path: Path, cache: Path) -> tuple[PreTrainedModel, PreparedData]:
    config = project(ModelTable(pretrained="model", lora=LORA, dropout=0.2))
    prepared = prepare(config, tmp_path, cache, lambda *_: None, lambda: None)
    return networks.build(config, prepared, tmp_path, CPU), prepared


@both
def test_new_adapters_change_nothing_and_the_short_way_through_them_is_the_models_own(
    architecture: Architecture,
) -> None:
    ids = rows(1)[:, :-1]
    plain, model = network(architecture, initializer_range=0.2), adapted(architecture)
    with torch.no_grad():
        assert torch.equal(logits_of(model.eval())(ids), logits_of(plain.eval())(ids))
    model, _ = trained(architecture)
    model.train(mode=False)
    with torch.no_grad():
        assert torch.equal(logits_of(model)(ids), model(input_ids=ids, use_cache=False).logits)
        assert not torch.equal(logits_of(model)(ids), logits_of(plain)(ids))


@both
def test_only_adapters_learn_and_the_optimiser_holds_only_them(architecture: Architecture) -> None:
    before = dict(adapted(architecture).named_parameters())
    model, optimizer = trained(architecture)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) is ("lora_" not in name), name
    assert all("lora_" in name for name in optimizer.state() if name not in ("step", "gradient_norm", "learning"))
    facts = models.facts(model, LENGTH)
    assert facts.trainable == sum(tensor.numel() for tensor in lora.stored(model).values())
    assert facts.bytes == 4 * (facts.parameters - facts.trainable) + 16 * facts.trainable


@both
def test_peft_loads_the_checkpoint_and_gets_the_same_logits(architecture: Architecture, tmp_path: Path) -> None:
    directory = save(tmp_path, architecture)
    model, optimizer = trained(architecture)
    path = checkpoint.save(tmp_path / "c", model, optimizer, tmp_path / "tokenizer", STATE, CPU).path
    names = {file.name for file in path.iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "optimizer.safetensors", "tokenizer.json"} <= names
    assert "model.safetensors" not in names
    wrapped = peft.PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(directory), path).eval()
    ids = rows(1)[:, :-1]
    model.train(mode=False)
    with torch.no_grad():
        assert torch.equal(wrapped(input_ids=ids).logits, logits_of(model)(ids))
        assert torch.equal(logits_of(wrapped)(ids), logits_of(model)(ids)), "a wrapped model goes its own way"


@both
def test_it_goes_on_from_a_checkpoint_to_the_last_bit(architecture: Architecture, tmp_path: Path, cache: Path) -> None:
    save(tmp_path, architecture)
    model, prepared = start(tmp_path, cache)
    optimizer = optim.build(model, SETTINGS, CPU)
    torch.manual_seed(5)
    train(model, optimizer, 1, 5)
    path = checkpoint.save(tmp_path / "c", model, optimizer, prepared.tokenizer_dir, STATE, CPU).path
    expected = train(model, optimizer, 6, 10)
    again, _ = start(tmp_path, cache)
    other = optim.build(again, SETTINGS, CPU)
    checkpoint.load(path, again, other, CPU)
    assert train(again, other, 6, 10) == expected
    assert len({loss for loss, _ in expected}) == 5


@both
def test_the_merged_model_is_a_plain_one_with_the_same_answers(architecture: Architecture, tmp_path: Path) -> None:
    save(tmp_path, architecture)
    model, _ = trained(architecture)
    model.train(mode=False)
    ids = rows(1)[:, :-1]
    with torch.no_grad():
        expected = logits_of(model)(ids)
    export.export_model(model, tmp_path / "tokenizer", tmp_path / "adapter")
    lora.merge(model)
    export.export_model(model, tmp_path / "tokenizer", tmp_path / "result")
    stranger = AutoModelForCausalLM.from_pretrained(tmp_path / "result")
    files = [load_file(tmp_path / name / "model.safetensors").keys() for name in ("model", "result")]
    assert files[0] == files[1]
    assert stranger.state_dict().keys() == network(architecture).state_dict().keys()
    with torch.no_grad():
        assert torch.allclose(stranger(input_ids=ids).logits, expected, atol=1e-5)
    assert not torch.allclose(
        expected, logits_of(network(architecture, initializer_range=0.2).eval())(ids), atol=1e-2
    ), "else nothing was merged"
    assert (tmp_path / "adapter" / "adapter_config.json").exists()


def test_a_checkpoint_without_adapters_is_refused_by_a_run_with_them_and_the_other_way_round(tmp_path: Path) -> None:
    save(tmp_path)
    plain = network()
    saved = [
        checkpoint.save(tmp_path / name, model, optim.build(model, SETTINGS, CPU), tmp_path / "tokenizer", STATE, CPU)
        for name, model in (("plain", plain), ("adapted", adapted()))
    ]
    with pytest.raises(CheckpointError, match=r"model\.safetensors: this run is one with adapters"):
        checkpoint.check(saved[0].path, model=adapted())
    with pytest.raises(CheckpointError, match=r"adapter_model\.safetensors: this run is one without adapters"):
        checkpoint.check(saved[1].path, model=plain)
    with pytest.raises(CheckpointError, match=r"lora_A.* is \[4, 32\] and this model's is \[2, 32\]"):
        checkpoint.check(saved[1].path, model=adapted(table=LoraTable(r=2)))


def test_another_base_has_another_digest_and_learning_does_not_change_it() -> None:
    before = lora.base_digest(adapted())
    assert lora.base_digest(trained("llama")[0]) == before
    assert lora.base_digest(adapted(seed=8)) != before


def test_the_dropout_of_the_model_and_of_the_adapters_are_two(tmp_path: Path, cache: Path) -> None:
    save(tmp_path, "gpt2")
    model, _ = start(tmp_path, cache)
    models.set_dropout(model, 0.3)
    found = {
        "lora_" in name: module.p for name, module in model.named_modules() if isinstance(module, torch.nn.Dropout)
    }
    assert found == {True: 0.1, False: 0.3}


def test_the_layers_can_be_named() -> None:
    model = adapted(table=LoraTable(r=2, target_modules=["up_proj", "layers.0.self_attn.q_proj"]))
    layers = {name.split(".lora_")[0] for name in lora.stored(model)}
    assert {name.removeprefix("base_model.model.model.") for name in layers} == {
        "layers.0.mlp.up_proj",
        "layers.1.mlp.up_proj",
        "layers.0.self_attn.q_proj",
    }
    every = adapted(table=LoraTable(r=2, target_modules="all-linear"))
    assert {name.split(".lora_")[0].rpartition(".")[2] for name in lora.stored(every)} == {
        *("q_proj", "k_proj", "v_proj", "o_proj"),
        *("gate_proj", "up_proj", "down_proj"),
    }


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (["query"], "model.lora.target_modules: .*this model has .*q_proj"),
        (["q_proj", "query"], "no layer is called query; there are .*q_proj"),
        (["q_proj", "lm_head"], "are one matrix"),
        (["embed_tokens"], "are one matrix"),
    ],
)
def test_layers_that_are_not_there_or_can_not_be_merged(target: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        adapted(table=LoraTable(r=2, target_modules=target))


def test_checkpointed_gradients_are_the_same_ones() -> None:
    found = []
    for lean in (False, True):
        model = adapted()
        if lean:
            models.enable_gradient_checkpointing(model)
        torch.manual_seed(5)
        found.append(train(model, optim.build(model, SETTINGS, CPU), 1, 3))
    assert found[0] == found[1]


def test_an_estimate_counts_what_learns_without_reading_a_weight(tmp_path: Path, cache: Path) -> None:
    save(tmp_path)
    model, prepared = start(tmp_path, cache)
    config = msgspec.structs.replace(project(ModelTable(pretrained="model", lora=LORA)))
    assert networks.estimate(config, prepared, tmp_path) == models.facts(model, LENGTH)

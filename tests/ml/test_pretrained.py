"""A pretrained start: the saved model's numbers, its own tokenizer, and a clear answer to what can't be used."""

from __future__ import annotations

import json
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from transformers.modeling_utils import PreTrainedModel
from transformers.models.auto.modeling_auto import AutoModelForCausalLM
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForMaskedLM
from transformers.models.qwen2.configuration_qwen2 import Qwen2Config
from transformers.models.qwen2.modeling_qwen2 import Qwen2ForCausalLM

from msopt_tui.config.schema import ModelTable
from msopt_tui.data.errors import DataError
from msopt_tui.data.prepare import PreparedData, prepare
from msopt_tui.data.pretrained import bytes_of_token, locate, own_tokenizer
from msopt_tui.ml import checkpoint, export, optim
from msopt_tui.ml import network as networks
from msopt_tui.ml.checkpoint import TrainingState
from msopt_tui.ml.forward import logits_of
from msopt_tui.ml.tasks import causal_lm
from tests.ml.pretrained_dirs import give_tokenizer, lossy_tokenizer, model, project, save
from tests.ml.tiny import ARCHITECTURES, CPU, LENGTH, SETTINGS, TEXT, VOCABULARY, Architecture, rows, train

both = pytest.mark.parametrize("architecture", ARCHITECTURES)
STATE = TrainingState(step=5, round=1, round_first_step=0, round_last_step=20, tokens=640)


def prepared_for(table: ModelTable, cache: Path, base_dir: Path) -> PreparedData:
    return prepare(project(table), base_dir, cache, lambda *_: None, lambda: None)


def start(table: ModelTable, cache: Path, base_dir: Path) -> tuple[PreTrainedModel, PreparedData]:
    prepared = prepared_for(table, cache, base_dir)
    return networks.build(project(table), prepared, base_dir, CPU), prepared


def bits(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@both
def test_it_begins_at_the_loss_of_the_saved_model(architecture: Architecture, tmp_path: Path, cache: Path) -> None:
    directory = save(tmp_path, architecture)
    found, prepared = start(ModelTable(pretrained="model"), cache, tmp_path)
    assert found.training
    assert logits_of(found).__qualname__ == f"_{architecture}.<locals>.run", "a plain architecture goes the short way"
    ids = prepared.store["validation"].ids[: 40 * LENGTH + 1]
    text = prepared.bytes["validation"]
    result = causal_lm.evaluate(
        found,
        ids=ids,
        max_length=LENGTH,
        batch_size=8,
        text_bytes=text,
        autocast=None,
        device=CPU,
        check=lambda *_: None,
    )
    stranger = AutoModelForCausalLM.from_pretrained(directory)
    windows = torch.from_numpy(
        np.lib.stride_tricks.sliding_window_view(ids.astype(np.int64), LENGTH + 1)[::LENGTH].copy()
    )
    with torch.no_grad():
        logits = stranger(input_ids=windows[:, :-1]).logits.double()
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
    assert result.metrics["loss"] == pytest.approx(expected.item(), rel=1e-6)
    assert expected.item() > math.log(VOCABULARY) + 0.05, "else any model would do"


@both
def test_the_weights_are_the_saved_ones_to_the_last_bit(
    architecture: Architecture, tmp_path: Path, cache: Path
) -> None:
    save(tmp_path, architecture)
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    found, _ = start(ModelTable(pretrained=str(tmp_path / "model")), cache, Path("/"))
    assert torch.equal(torch.rand(2), expected), "torch's own generator is left alone"
    own = bits(model(architecture))
    assert bits(found).keys() == own.keys()
    assert all(torch.equal(tensor, own[name]) for name, tensor in bits(found).items())


@both
def test_dropout_is_the_projects(architecture: Architecture, tmp_path: Path, cache: Path) -> None:
    save(tmp_path, architecture)
    found, _ = start(ModelTable(pretrained="model", dropout=0.25), cache, tmp_path)
    name = "attention_dropout" if architecture == "llama" else "resid_pdrop"
    assert getattr(found.config, name) == 0.25
    ids = rows(1)[:, :-1]
    assert not torch.equal(logits_of(found)(ids), logits_of(found)(ids))


@both
def test_it_goes_on_from_a_checkpoint_to_the_last_bit(architecture: Architecture, tmp_path: Path, cache: Path) -> None:
    save(tmp_path, architecture)
    table = ModelTable(pretrained="model", dropout=0.2, freeze=["norm" if architecture == "llama" else "ln_f"])
    first, prepared = start(table, cache, tmp_path)
    optimizer = optim.build(first, SETTINGS, CPU)
    torch.manual_seed(5)
    train(first, optimizer, 1, 5)
    saved = checkpoint.save(tmp_path / "c", first, optimizer, prepared.tokenizer_dir, STATE, CPU)
    expected = train(first, optimizer, 6, 10)
    second, _ = start(table, cache, tmp_path)
    again = optim.build(second, SETTINGS, CPU)
    checkpoint.load(saved.path, second, again, CPU)
    assert train(second, again, 6, 10) == expected
    export.export_model(second, prepared.tokenizer_dir, tmp_path / "result")
    stranger = AutoModelForCausalLM.from_pretrained(tmp_path / "result")
    assert all(torch.equal(tensor, bits(second)[name]) for name, tensor in stranger.state_dict().items())


def test_another_architecture_trains_resumes_and_is_exported_too(tmp_path: Path, cache: Path) -> None:
    directory = save(tmp_path)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=LENGTH,
        pad_token_id=0,
    )
    Qwen2ForCausalLM(config).save_pretrained(directory)
    found, prepared = start(ModelTable(pretrained="model"), cache, tmp_path)
    assert found.config.eos_token_id == 0
    assert found.get_input_embeddings().padding_idx is None, "the end of a text is learnt, though it also pads"
    optimizer = optim.build(found, SETTINGS, CPU)
    train(found, optimizer, 1, 2)
    saved = checkpoint.save(tmp_path / "c", found, optimizer, prepared.tokenizer_dir, STATE, CPU)
    expected = train(found, optimizer, 3, 4)
    again, _ = start(ModelTable(pretrained="model"), cache, tmp_path)
    other = optim.build(again, SETTINGS, CPU)
    checkpoint.load(saved.path, again, other, CPU)
    assert train(again, other, 3, 4) == expected


def test_the_tokenizer_is_the_models_own_and_part_of_what_the_data_is_known_by(tmp_path: Path, cache: Path) -> None:
    directory = save(tmp_path)
    table = ModelTable(pretrained="model")
    own = prepared_for(table, cache, tmp_path)
    assert (own.tokenizer_dir / "tokenizer.json").read_bytes() == (directory / "tokenizer.json").read_bytes()
    assert prepared_for(table, cache, tmp_path).cached
    give_tokenizer(directory, lossy_tokenizer())
    other = prepared_for(table, cache, tmp_path)
    assert other.key != own.key
    assert other.bytes == own.bytes
    assert other.tokens != own.tokens


def test_a_tokenizer_of_another_kind(tmp_path: Path, cache: Path) -> None:
    """It cut and padded when it was saved, folds capitals, and wants a text begun with a token of its own."""
    directory = save(tmp_path)
    give_tokenizer(directory, lossy_tokenizer())
    found, prepared = start(ModelTable(pretrained="model"), cache, tmp_path)
    own = own_tokenizer(directory)
    assert (own.end, own.begin, own.between) == (2, 1, (2, 1))
    assert len(own.tokenizer.encode(TEXT * 3).ids) > 8
    ids = prepared.store["validation"].ids
    ends = np.flatnonzero(ids == own.end)
    assert len(ends) == prepared.documents["validation"]
    assert (ids[ends + 1] == own.begin).all()
    assert found.config.eos_token_id == own.end
    assert prepared.vocab_size == own.vocab_size <= 200


def test_bytes_of_a_first_token() -> None:
    lossy = lossy_tokenizer()
    first = lossy.encode(TEXT, add_special_tokens=False).ids[0]
    assert bytes_of_token(lossy, first) == len(str(lossy.id_to_token(first)).removeprefix("▁").encode())
    assert [bytes_of_token(lossy, token) for token in (1, 2, 10**6)] == [0, 0, 0]


def test_a_directory_of_a_byte_level_model_counts_single_bytes(tmp_path: Path) -> None:
    own = own_tokenizer(save(tmp_path)).tokenizer
    first = own.encode("é").ids[0]
    assert bytes_of_token(own, first) == 1, "half a character is one byte, not a replacement character's three"


def refusal(tmp_path: Path, name: str = "model") -> str:
    with pytest.raises(DataError) as caught:
        start(ModelTable(pretrained=name), tmp_path / "cache", tmp_path)
    return str(caught.value)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_pickled_weights_are_refused_without_being_opened(tmp_path: Path) -> None:
    directory = save(tmp_path)
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")
    said = refusal(tmp_path)
    assert "only pytorch_model.bin, and a pickle can run any code" in said
    assert "save_pretrained it again" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}, "brings code of its own, which is never run"),
        ({"model_type": "own"}, "'own' is no causal language model"),
        ({"architectures": ["GPT2ForSequenceClassification"]}, "no causal language model"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised"),
        ({"num_hidden_layers": 3}, "has no model.layers.2"),
        ({"hidden_size": 64}, "embed_tokens.weight"),
        ({"max_position_embeddings": 8}, "data.max_length = 16 is longer than model takes: set it to 8 or less"),
    ],
)
def test_a_configuration_that_can_not_be_used(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    edit(save(tmp_path) / "config.json", **changes)
    assert said in refusal(tmp_path)


def test_a_model_that_looks_ahead_is_no_causal_one(tmp_path: Path) -> None:
    directory = save(tmp_path)
    tiny = BertConfig(
        vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertForMaskedLM(tiny).save_pretrained(directory)
    assert "is a network (bert) of the family encoder; causal-lm takes causal" in refusal(tmp_path)


def test_a_header_of_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    (save(tmp_path) / "model.safetensors").write_bytes((1 << 40).to_bytes(8, "little") + b"{}")
    assert "is no safetensors file: a header of 1099511627776 bytes" in refusal(tmp_path)


def test_an_index_may_not_lead_elsewhere(tmp_path: Path) -> None:
    directory = save(tmp_path)
    (directory / "model.safetensors").rename(tmp_path / "elsewhere.safetensors")
    (directory / "model.safetensors.index.json").write_text('{"weight_map": {"x": "../elsewhere.safetensors"}}')
    assert "names '../elsewhere.safetensors', which is no file there" in refusal(tmp_path)


def test_a_tokenizer_with_more_tokens_than_the_model(tmp_path: Path) -> None:
    directory = save(tmp_path)
    network = model()
    network.resize_token_embeddings(100)
    network.save_pretrained(directory)
    assert "has 300 tokens and the model 100" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("gone", "said"),
    [("config.json", "has no config.json"), ("tokenizer.json", "has no tokenizer.json")],
)
def test_a_directory_that_lacks_a_file(tmp_path: Path, gone: str, said: str) -> None:
    (save(tmp_path) / gone).unlink()
    assert said in refusal(tmp_path)


def test_an_adapter_is_no_model(tmp_path: Path) -> None:
    (save(tmp_path) / "adapter_config.json").write_text("{}")
    assert "is a LoRA adapter, not a whole model" in refusal(tmp_path)


def test_a_text_needs_an_end(tmp_path: Path) -> None:
    directory = save(tmp_path)
    (directory / "tokenizer_config.json").write_text("{}")
    assert own_tokenizer(directory).end == 0, "the configuration's"
    edit(directory / "config.json", eos_token_id=None)
    assert "names an end-of-text token" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/model", "no/such/model", "model.toml/"])
def test_a_path_that_is_not_there(tmp_path: Path, name: str) -> None:
    assert "does not exist" in refusal(tmp_path, name)


def test_a_hub_id_without_the_hub_is_one_clear_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, "someone/some-model-that-is-not-cached")
    assert "is no directory in" in said
    assert "check the name and the network" in said
    assert "\n" not in said


def test_a_contradicting_generation_config_does_not_keep_the_model_from_being_saved(
    tmp_path: Path, cache: Path
) -> None:
    directory = save(tmp_path)
    edit(directory / "generation_config.json", do_sample=False, temperature=0.3, num_beams=-1)
    found, prepared = start(ModelTable(pretrained="model"), cache, tmp_path)
    export.export_model(found, prepared.tokenizer_dir, tmp_path / "result")
    assert msgspec.json.decode((tmp_path / "result" / "generation_config.json").read_bytes())["eos_token_id"] == 0


def test_locating_reads_no_weights(tmp_path: Path) -> None:
    directory = save(tmp_path)
    assert locate("model", tmp_path, weights=False) == directory
    estimated = networks.estimate(
        project(ModelTable(pretrained="model")),
        prepared_for(ModelTable(pretrained="model"), tmp_path / "cache", tmp_path),
        tmp_path,
    )
    assert estimated.parameters == sum(parameter.numel() for parameter in model().parameters())

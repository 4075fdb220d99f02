"""The short way to the logits against the model's own."""

from __future__ import annotations

import pytest
import torch
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM
from transformers.models.qwen2.configuration_qwen2 import Qwen2Config
from transformers.models.qwen2.modeling_qwen2 import Qwen2ForCausalLM

from msopt_tui.ml.forward import logits_of
from tests.ml.tiny import ARCHITECTURES, LENGTH, Architecture, network, rows

both = pytest.mark.parametrize("architecture", ARCHITECTURES)


@both
@pytest.mark.parametrize("length", [1, 5, LENGTH])
@pytest.mark.parametrize("tied", [True, False])
def test_the_logits_are_the_models_own_to_the_last_bit(architecture: Architecture, length: int, tied: bool) -> None:
    model = network(architecture, tie_word_embeddings=tied)
    ids = rows(1)[:, :length]
    with torch.no_grad():
        assert torch.equal(logits_of(model)(ids), model(input_ids=ids, use_cache=False).logits)


@both
@pytest.mark.parametrize("autocast", [False, True])
def test_so_are_they_with_dropout_and_so_are_the_gradients(architecture: Architecture, autocast: bool) -> None:
    ids = rows(2)[:, :-1]
    gradients = []
    for short in (True, False):
        model = network(architecture, dropout=0.2)
        torch.manual_seed(11)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            logits = logits_of(model)(ids) if short else model(input_ids=ids, use_cache=False).logits
        torch.autograd.backward(logits.float().logsumexp(-1).mean())
        gradients.append([parameter.grad for parameter in model.parameters()])
    for mine, own in zip(*gradients, strict=True):
        assert mine is not None
        assert own is not None
        assert torch.equal(mine, own)


@both
def test_it_follows_the_weights(architecture: Architecture) -> None:
    model = network(architecture)
    forward, ids = logits_of(model), rows(1)[:, :-1]
    before = forward(ids)
    with torch.no_grad():
        next(model.parameters()).mul_(2.0)
    assert not torch.equal(forward(ids), before)


def test_an_unknown_architecture_takes_its_own_way() -> None:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=300,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
    )
    model, ids = Qwen2ForCausalLM(config), rows(1)[:, :-1]
    with torch.no_grad():
        assert torch.equal(logits_of(model)(ids), model(input_ids=ids).logits)


@both
def test_attention_that_needs_a_mask_gets_one(architecture: Architecture) -> None:
    model, ids = network(architecture), rows(1)[:, :-1]
    model.set_attn_implementation("eager")
    with torch.no_grad():
        assert torch.equal(logits_of(model)(ids), model(input_ids=ids, use_cache=False).logits)
        changed = ids.clone()
        changed[:, -1] = 5
        assert torch.equal(logits_of(model)(changed)[:, :-1], logits_of(model)(ids)[:, :-1]), "nobody looks ahead"


def test_a_rotary_table_that_depends_on_the_length_is_the_models_own_business() -> None:
    config = LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=LENGTH,
        rope_parameters={
            "rope_type": "longrope",
            "rope_theta": 10_000.0,
            "short_factor": [1.0] * 4,
            "long_factor": [9.0] * 4,
            "original_max_position_embeddings": LENGTH // 2,
        },
    )
    torch.manual_seed(0)
    model, ids = LlamaForCausalLM(config), rows(1)[:, : LENGTH // 4]
    with torch.no_grad():
        assert torch.equal(logits_of(model)(ids), model(input_ids=ids, use_cache=False).logits)

"""Networks: their weights come from the seed, their facts are right, their dropout can change."""

from __future__ import annotations

import pytest
import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml import model as models
from msopt_tui.ml.forward import logits_of
from tests.ml.tiny import ARCHITECTURES, LENGTH, VOCABULARY, Architecture, mean_loss, network, rows, table

both = pytest.mark.parametrize("architecture", ARCHITECTURES)


def weights(model: PreTrainedModel) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@both
def test_the_weights_come_from_the_seed_alone(architecture: Architecture) -> None:
    torch.manual_seed(1)
    first = weights(network(architecture))
    torch.manual_seed(2)
    assert torch.equal(weights(network(architecture)), first)
    assert not torch.equal(weights(network(architecture, seed=8)), first)


def test_building_leaves_the_generator_as_it_was() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    network()
    assert torch.equal(torch.rand(3), expected)


@both
def test_a_network_is_ready_to_train_with_fused_attention(architecture: Architecture) -> None:
    model = network(architecture)
    assert model.training
    assert model.config._attn_implementation == "sdpa"
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_the_padding_token_is_kept_apart_from_the_end_of_text() -> None:
    apart = models.configuration(table(), vocab_size=9, max_length=8, eos_token_id=0, pad_token_id=1)
    one = models.configuration(table(), vocab_size=9, max_length=8, eos_token_id=0, pad_token_id=0)
    assert (apart.pad_token_id, apart.eos_token_id) == (1, 0)
    assert one.pad_token_id is None


@pytest.mark.parametrize(("hidden", "width"), [(64, 176), (128, 352), (768, 2048), (4096, 11008)])
def test_the_gated_layer_has_8_thirds_of_the_width_rounded_up(hidden: int, width: int) -> None:
    config = models.configuration(table(hidden_size=hidden), vocab_size=9, max_length=8)
    assert config.intermediate_size == width


@both
@pytest.mark.parametrize("tied", [True, False])
def test_an_estimate_is_what_the_network_turns_out_to_be(architecture: Architecture, tied: bool) -> None:
    model = network(architecture, tie_word_embeddings=tied)
    estimated = models.estimate(table(architecture, tie_word_embeddings=tied), VOCABULARY, LENGTH)
    assert estimated == models.facts(model, LENGTH)
    assert estimated.parameters == len(weights(model))
    assert estimated.bytes == 16 * estimated.parameters


@pytest.mark.parametrize("tied", [True, False])
def test_the_cost_of_a_llama_token_worked_out_by_hand(tied: bool) -> None:
    facts = models.estimate(table("llama", tie_word_embeddings=tied, intermediate_size=80), VOCABULARY, LENGTH)
    layer = 4 * 32 * 32 + 3 * 32 * 80 + 2 * 32
    multiplied = VOCABULARY * 32 + 2 * layer + 32
    assert facts.parameters == multiplied + (0 if tied else VOCABULARY * 32)
    assert facts.flops_per_token == 6 * multiplied + 12 * 2 * 4 * 8 * LENGTH


def test_the_cost_of_a_gpt2_token_worked_out_by_hand() -> None:
    facts = models.estimate(table("gpt2"), VOCABULARY, LENGTH)
    layer = 4 * 32 + (32 * 96 + 96) + (32 * 32 + 32) + (32 * 128 + 128) + (128 * 32 + 32)
    multiplied = VOCABULARY * 32 + 2 * layer + 2 * 32
    assert facts.parameters == multiplied + LENGTH * 32
    assert facts.flops_per_token == 6 * multiplied + 12 * 2 * 4 * 8 * LENGTH


def test_frozen_weights_need_no_gradient_and_no_moments() -> None:
    model = network()
    model.get_parameter("model.embed_tokens.weight").requires_grad = False
    facts = models.facts(model, LENGTH)
    assert facts.parameters - facts.trainable == VOCABULARY * 32
    assert facts.bytes == 16 * facts.trainable + 4 * VOCABULARY * 32


@both
def test_dropout_changes_while_training(architecture: Architecture) -> None:
    model = network(architecture)
    forward, ids = logits_of(model), rows(1)[:, :-1]

    def differs() -> bool:
        return not torch.equal(forward(ids), forward(ids))

    assert not differs()
    models.set_dropout(model, 0.5)
    assert differs()
    models.set_dropout(model, 0.0)
    assert not differs()


@both
def test_the_dropout_of_the_table_is_in_the_network_and_a_new_one_in_its_configuration(
    architecture: Architecture,
) -> None:
    model = network(architecture, dropout=0.25)
    name = "attention_dropout" if architecture == "llama" else "resid_pdrop"
    assert getattr(model.config, name) == 0.25
    models.set_dropout(model, 0.5)
    assert getattr(model.config, name) == 0.5


@both
def test_checkpointed_gradients_are_the_same_ones(architecture: Architecture) -> None:
    plain, lean = network(architecture, dropout=0.3), network(architecture, dropout=0.3)
    models.enable_gradient_checkpointing(lean)
    for model in (plain, lean):
        torch.manual_seed(5)
        torch.autograd.backward(mean_loss(logits_of(model), rows(1)))
    for mine, other in zip(plain.parameters(), lean.parameters(), strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        assert torch.equal(mine.grad, other.grad)

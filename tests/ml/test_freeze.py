"""What does not learn: named by whole pieces of names, and left as it was to the last bit."""

from __future__ import annotations

import pytest
import torch

from msopt_tui.ml import model as models
from msopt_tui.ml import optim
from msopt_tui.ml.freeze import freeze, matches
from tests.ml.tiny import CPU, LENGTH, SETTINGS, VOCABULARY, network, train


@pytest.mark.parametrize(
    ("pattern", "name", "answer"),
    [
        ("embed_tokens", "model.embed_tokens.weight", True),
        ("layers.1", "model.layers.1.mlp.up_proj.weight", True),
        ("layers.1", "model.layers.10.mlp.up_proj.weight", False),
        ("layers.[0-3]", "model.layers.3.mlp.up_proj.weight", True),
        ("layers.*.mlp", "model.layers.7.mlp.up_proj.weight", True),
        ("layers.mlp", "model.layers.7.mlp.up_proj.weight", False),
        ("weight", "model.norm.weight", True),
        ("embed", "model.embed_tokens.weight", False),
        ("embed*", "model.embed_tokens.weight", True),
        ("model.embed_tokens.weight.more", "model.embed_tokens.weight", False),
    ],
)
def test_a_pattern_is_whole_pieces_of_a_name(pattern: str, name: str, answer: bool) -> None:
    assert matches(pattern, name) is answer


def test_what_is_frozen_stays_and_the_rest_learns() -> None:
    model = network()
    count = freeze(model, ["embed_tokens", "layers.0"])
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer = optim.build(model, SETTINGS, CPU)
    train(model, optimizer, 1, 3)
    for name, parameter in model.named_parameters():
        frozen = "embed_tokens" in name or "layers.0" in name
        assert torch.equal(parameter, before[name]) is frozen, name
        assert (f"exp_avg.{name}" in optimizer.state()) is not frozen
    facts = models.facts(model, LENGTH)
    assert facts.parameters - facts.trainable == count


def test_a_tied_weight_is_found_under_both_names() -> None:
    for name in ("embed_tokens", "lm_head"):
        assert freeze(network(), [name]) == VOCABULARY * 32
    assert freeze(network(tie_word_embeddings=False), ["lm_head", "embed_tokens"]) == 2 * VOCABULARY * 32


def test_a_frozen_weight_costs_no_gradient_of_its_own() -> None:
    model, before = network(), models.facts(network(), LENGTH)
    frozen = freeze(model, ["layers.0"])
    assert before.flops_per_token - models.facts(model, LENGTH).flops_per_token == 2 * frozen


def test_nothing_frozen_is_nothing_done() -> None:
    assert freeze(network(), []) == 0


@pytest.mark.parametrize(
    ("architecture", "pattern", "said"),
    [
        ("llama", "embed_token", "did you mean embed_tokens"),
        ("llama", "layer.0", r"did you mean layers\.0"),
        ("gpt2", "embed_tokens", "names no part of this model"),
        ("gpt2", "zzz", r"there are transformer\.wte, transformer\.wpe"),
    ],
)
def test_a_pattern_that_names_nothing_says_what_is_close(architecture: str, pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        freeze(network("gpt2" if architecture == "gpt2" else "llama"), [pattern])


def test_a_model_that_learns_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing would learn"):
        freeze(network(), ["model", "lm_head"])

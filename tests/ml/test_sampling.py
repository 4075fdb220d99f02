"""Continuations: against the plain way without a cache, and what they must leave alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml.forward import logits_of
from msopt_tui.ml.sampling import continue_texts
from tests.ml.tiny import ARCHITECTURES, CPU, EOS, LENGTH, TEXT, Architecture, network, tokenizer

TOKENIZER = tokenizer()
PROMPTS = ["the quick", "pack my box with", "a"]


def sample(
    model: PreTrainedModel,
    prompts: list[str],
    *,
    tokens: int = 6,
    temperature: float = 1.0,
    top_k: int = 0,
    seed: int = 1,
    check: Callable[[], None] = lambda: None,
) -> list[str]:
    return continue_texts(
        model,
        TOKENIZER,
        prompts,
        max_new_tokens=tokens,
        temperature=temperature,
        top_k=top_k,
        seed=seed,
        device=CPU,
        check=check,
    )


def greedily(model: PreTrainedModel, prompt: str, tokens: int) -> str:
    """The most likely continuation, every token from a fresh pass over all tokens before it."""
    ids = TOKENIZER.encode(prompt).ids or [EOS]
    forward = logits_of(model)
    new: list[int] = []
    with torch.no_grad():
        for _ in range(tokens):
            new.append(int(forward(torch.tensor([ids + new]))[0, -1].argmax()))
    return TOKENIZER.decode(new)


def favour(model: PreTrainedModel, token: int, score: float = 10.0) -> None:
    """Give `token` this score everywhere, and every other one 0."""
    with torch.no_grad():
        model.get_parameter("model.norm.weight").zero_()
        model.lm_head.bias = torch.nn.Parameter(torch.zeros(model.config.vocab_size))
        model.lm_head.bias[token] = score


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_temperature_0_takes_the_most_likely_token(architecture: Architecture) -> None:
    model = network(architecture, initializer_range=0.3)
    assert sample(model, PROMPTS, temperature=0.0) == [greedily(model, prompt, 6) for prompt in PROMPTS]


def test_so_does_drawing_from_the_single_best() -> None:
    model = network(initializer_range=0.3)
    assert sample(model, PROMPTS, top_k=1) == sample(model, PROMPTS, temperature=0.0)


def test_so_does_a_temperature_next_to_nothing() -> None:
    model = network(initializer_range=0.3)
    assert sample(model, PROMPTS, temperature=1e-300) == sample(model, PROMPTS, temperature=0.0)


def test_the_seed_decides() -> None:
    model = network()
    assert sample(model, PROMPTS) == sample(model, PROMPTS)
    assert sample(model, PROMPTS) != sample(model, PROMPTS, seed=2)


def test_a_prompt_is_continued_alike_whatever_the_others_are() -> None:
    model = network(initializer_range=0.3)
    assert sample(model, PROMPTS)[0] == sample(model, PROMPTS[:1])[0]


def test_top_k_draws_from_no_others() -> None:
    model = network(initializer_range=0.05)
    ids = torch.tensor([TOKENIZER.encode("the").ids])
    with torch.no_grad():
        best = logits_of(model)(ids)[0, -1].topk(3).indices
    allowed = {TOKENIZER.decode([token]) for token in best.tolist()}
    drawn = {sample(model, ["the"], tokens=1, top_k=3, temperature=5.0, seed=seed)[0] for seed in range(60)}
    assert drawn == allowed


@pytest.mark.parametrize("training", [True, False])
def test_mode_and_global_generator_are_left_as_they_were(training: bool) -> None:
    model = network(dropout=0.5)
    model.train(training)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    sample(model, PROMPTS)
    assert torch.equal(torch.rand(2), expected)
    assert model.training is training


def test_a_text_ends_at_the_end_of_text_token() -> None:
    model = network()
    favour(model, EOS)
    calls: list[None] = []
    assert sample(model, ["the quick"], tokens=50, temperature=0.0, check=lambda: calls.append(None)) == [""]
    assert len(calls) == 1


def test_one_text_may_end_before_the_others() -> None:
    model = network()
    favour(model, EOS, 3.0)  # about one token in 16
    lengths = [len(text) for text in sample(model, PROMPTS * 6, tokens=40)]
    assert min(lengths) < 10 < 40 < max(lengths)


def test_an_empty_prompt_begins_after_an_end_of_text() -> None:
    model = network(initializer_range=0.3)
    assert sample(model, [""], temperature=0.0) == [greedily(model, "", 6)]


def test_no_prompt_gives_no_text_and_no_token_gives_none() -> None:
    assert sample(network(), []) == []
    assert sample(network(), ["a"], tokens=0) == [""]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_text_may_grow_past_the_context(architecture: Architecture) -> None:
    model = network(architecture)
    favour_letter = TOKENIZER.encode("a").ids[0]
    if architecture == "llama":
        favour(model, favour_letter)
        assert sample(model, ["the", TEXT * 3], tokens=3 * LENGTH, temperature=0.0) == ["a" * 3 * LENGTH] * 2
    else:
        text = sample(model, ["the", TEXT * 3], tokens=3 * LENGTH, temperature=0.0)[0]
        assert text.startswith(greedily(model, "the", LENGTH - len(TOKENIZER.encode("the").ids)))


def test_past_the_context_the_newer_half_of_it_is_seen() -> None:
    model = network(initializer_range=0.3)
    full = sample(model, ["a"], tokens=LENGTH + 1, temperature=0.0)[0]
    ids = [*TOKENIZER.encode("a").ids]
    forward = logits_of(model)
    with torch.no_grad():
        for _ in range(LENGTH + 1):
            seen = ids if len(ids) <= LENGTH else ids[-(LENGTH // 2) :]
            ids.append(int(forward(torch.tensor([seen]))[0, -1].argmax()))
    assert full == TOKENIZER.decode(ids[1:])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_of_a_prompt_longer_than_the_context_the_end_is_seen(architecture: Architecture) -> None:
    model = network(architecture, initializer_range=0.3)
    ids = TOKENIZER.encode(TEXT).ids
    assert len(ids) > LENGTH
    with torch.no_grad():
        expected = int(logits_of(model)(torch.tensor([ids[-LENGTH:]]))[0, -1].argmax())
    assert sample(model, [TEXT], tokens=1, temperature=0.0) == [TOKENIZER.decode([expected])]


class Enough(Exception):
    """Raised by a check."""


def test_a_check_between_tokens_can_end_it() -> None:
    model = network()
    calls: list[None] = []

    def check() -> None:
        calls.append(None)
        if len(calls) == 3:
            raise Enough

    with pytest.raises(Enough):
        sample(model, PROMPTS, check=check)
    assert model.training


def test_a_broken_network_still_gives_an_answer() -> None:
    model = network()
    with torch.no_grad():
        model.get_parameter("model.norm.weight").fill_(float("nan"))
    assert len(sample(model, PROMPTS)) == 3

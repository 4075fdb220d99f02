"""Presets against the published numbers of parameters, with the published vocabularies and positions."""

from __future__ import annotations

import pytest

from msopt_tui.config.presets import PRESETS, sizes
from msopt_tui.config.schema import ModelTable
from msopt_tui.ml import heads
from msopt_tui.ml import model as models

PUBLISHED = {
    # Vocabulary, positions and parameters of the published weights, tied ones counted once.
    "gpt2-small": (50_257, 1024, 124_439_808),
    "gpt2-medium": (50_257, 1024, 354_823_168),
    "gpt2-large": (50_257, 1024, 774_030_080),
    "gpt2-xl": (50_257, 1024, 1_557_611_200),
    "smollm2-135m": (49_152, 2048, 134_515_008),
    "smollm2-360m": (49_152, 2048, 361_821_120),
    "smollm2-1.7b": (49_152, 2048, 1_711_376_384),
    "llama-3.2-1b": (128_256, 2048, 1_235_814_400),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_preset_has_the_published_number_of_parameters(name: str) -> None:
    vocabulary, positions, parameters = PUBLISHED[name]
    facts = models.estimate(ModelTable(preset=name), vocabulary, positions)
    assert facts.parameters == facts.trainable == parameters


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("gpt3-125m", 0.125),
        ("gpt3-350m", 0.35),
        ("gpt3-760m", 0.76),
        ("gpt3-1.3b", 1.3),
        ("gpt3-2.7b", 2.7),
        ("gpt3-6.7b", 6.7),
        ("gpt3-13b", 13.0),
        ("gpt3-175b", 175.0),
    ],
)
def test_a_gpt3_is_about_as_large_as_its_name_says(name: str, billions: float) -> None:
    facts = models.estimate(ModelTable(preset=name), 50_257, 2048)
    assert facts.parameters == pytest.approx(billions * 1e9, rel=0.02)


# Millions of parameters as the authors round them, without a head for masked words.
BERTS = {
    "bert-tiny": 4.4,
    "bert-mini": 11.3,
    "bert-small": 29.1,
    "bert-medium": 41.7,
    "bert-base": 110.1,
    "bert-large": 336,
}
T5S = {"t5-small": 60_506_624, "t5-base": 222_903_552, "t5-large": 737_668_096}


@pytest.mark.parametrize("name", BERTS)
def test_a_bert_is_about_as_large_as_published(name: str) -> None:
    network = models.sketch(ModelTable(preset=name), 30_522, 512, heads.CLASSES, ["no", "yes"])
    assert models.facts(network, 512).parameters == pytest.approx(BERTS[name] * 1e6, rel=0.015)


@pytest.mark.parametrize("name", T5S)
def test_a_t5_is_as_large_as_published(name: str) -> None:
    network = models.sketch(ModelTable(preset=name), 32_128, 512, heads.SEQ2SEQ)
    assert models.facts(network, 512).parameters == T5S[name]


def test_no_preset_is_left_out() -> None:
    known = PUBLISHED.keys() | BERTS.keys() | T5S.keys()
    assert PRESETS.keys() - known == {name for name in PRESETS if name.startswith("gpt3-")}


def test_shared_keys_and_values_are_in_the_network() -> None:
    table = ModelTable(hidden_size=32, num_attention_heads=4, num_key_value_heads=2)
    config = models.configuration(table, vocab_size=9, max_length=8)
    assert (config.num_attention_heads, config.num_key_value_heads) == (4, 2)
    whole = models.configuration(ModelTable(hidden_size=32, num_attention_heads=4), vocab_size=9, max_length=8)
    assert whole.num_key_value_heads == 4


def test_sizes_beside_a_preset_win() -> None:
    changed = sizes(ModelTable(preset="smollm2-135m", num_hidden_layers=2, tie_word_embeddings=False))
    assert (changed.num_hidden_layers, changed.tie_word_embeddings) == (2, False)
    assert (changed.hidden_size, changed.num_key_value_heads, changed.intermediate_size) == (576, 3, 1536)

"""Published model sizes by name (`model.preset`), and what a `[model]` table means once the gaps in it are filled.

Sizes only: the vocabulary is the project's own and the number of positions is `data.max_length`, so parameters are the
published ones where these two are.

* GPT-2: the `config.json` of `openai-community/gpt2`, `gpt2-medium`, `gpt2-large` and `gpt2-xl` (Radford et al. 2019);
  published with a vocabulary of 50,257 and 1,024 positions.
* GPT-3: table 2.1 of Brown et al. 2020 (arXiv:2005.14165), in GPT-2's architecture with dense attention throughout,
  where the paper alternates it with a sparse pattern; 2,048 positions. Two rows of the table contradict themselves:
  24 heads of 128 are not the 2,048 of the 1.3B model (16 heads here), and no 40 heads of 128 are the 5,140 of the 13B
  model (5,120 here).
* SmolLM2: the `config.json` of `HuggingFaceTB/SmolLM2-135M`, `-360M` and `-1.7B` (arXiv:2502.02737); published with a
  vocabulary of 49,152. Their rotary base is longer than the usual 10,000 that is used here.
* BERT: table 1 and section 3 of Devlin et al. 2019 (arXiv:1810.04805) for base and large, Turc et al. 2019
  (arXiv:1908.08962) for the smaller ones; published with a vocabulary of 30,522 and 512 positions.
* T5: the `config.json` of `google-t5/t5-small`, `t5-base` and `t5-large` (Raffel et al. 2020, arXiv:1910.10683), as
  many layers in the encoder as in the decoder; published with a vocabulary of 32,128.
* Llama 3.2 1B: the `config.json` of `meta-llama/Llama-3.2-1B`; published with a vocabulary of 128,256.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from msopt_tui.config.schema import ModelTable
from msopt_tui.config.tasks import Architecture


@dataclass(frozen=True, slots=True)
class Sizes:
    """The shape of a network, without gaps."""

    architecture: Architecture
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    intermediate_size: int
    tie_word_embeddings: bool = True

    @property
    def head_size(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_attention_heads


def _bert(layers: int, width: int, heads: int) -> Sizes:
    return Sizes("bert", width, layers, heads, heads, 4 * width)


def _t5(layers: int, width: int, heads: int) -> Sizes:
    return Sizes("t5", width, layers, heads, heads, 4 * width)


def _gpt(layers: int, width: int, heads: int) -> Sizes:
    return Sizes("gpt2", width, layers, heads, heads, 4 * width)


PRESETS: dict[str, Sizes] = {
    "gpt2-small": _gpt(12, 768, 12),
    "gpt2-medium": _gpt(24, 1024, 16),
    "gpt2-large": _gpt(36, 1280, 20),
    "gpt2-xl": _gpt(48, 1600, 25),
    "gpt3-125m": _gpt(12, 768, 12),
    "gpt3-350m": _gpt(24, 1024, 16),
    "gpt3-760m": _gpt(24, 1536, 16),
    "gpt3-1.3b": _gpt(24, 2048, 16),
    "gpt3-2.7b": _gpt(32, 2560, 32),
    "gpt3-6.7b": _gpt(32, 4096, 32),
    "gpt3-13b": _gpt(40, 5120, 40),
    "gpt3-175b": _gpt(96, 12288, 96),
    "smollm2-135m": Sizes("llama", 576, 30, 9, 3, 1536),
    "smollm2-360m": Sizes("llama", 960, 32, 15, 5, 2560),
    "smollm2-1.7b": Sizes("llama", 2048, 24, 32, 32, 8192),
    "bert-tiny": _bert(2, 128, 2),
    "bert-mini": _bert(4, 256, 4),
    "bert-small": _bert(4, 512, 8),
    "bert-medium": _bert(8, 512, 8),
    "bert-base": _bert(12, 768, 12),
    "bert-large": _bert(24, 1024, 16),
    "t5-small": _t5(6, 512, 8),
    "t5-base": _t5(12, 768, 12),
    "t5-large": _t5(24, 1024, 16),
    "llama-3.2-1b": Sizes("llama", 2048, 16, 32, 8, 8192),
}
"""By the name that `model.preset` takes."""

SIZE_KEYS = (
    "architecture",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "tie_word_embeddings",
)
"""Keys of `[model]` that say what a preset says too."""
_WIDE = 512


def sizes(table: ModelTable) -> Sizes:
    """The shape that a table without `pretrained` asks for: its own sizes, else the preset's, else the usual ones.

    A preset's heads of keys and values and its inner width belong to its heads and its width: where those are given
    anew, these are worked out anew. Raises KeyError for an unknown preset.
    """
    preset = PRESETS[table.preset] if table.preset else None
    architecture: Architecture = "llama" if preset is None else preset.architecture
    if table.architecture != "auto":
        architecture = table.architecture
    if preset is not None and architecture != preset.architecture:
        preset = Sizes(architecture, preset.hidden_size, preset.num_hidden_layers, preset.num_attention_heads, 0, 0)
    base = preset or Sizes(architecture, 128, 4, 4, 0, 0)
    width = table.hidden_size or base.hidden_size
    heads = table.num_attention_heads or base.num_attention_heads
    own_heads = heads == base.num_attention_heads
    own_width = width == base.hidden_size
    return Sizes(
        architecture=architecture,
        hidden_size=width,
        num_hidden_layers=table.num_hidden_layers or base.num_hidden_layers,
        num_attention_heads=heads,
        num_key_value_heads=table.num_key_value_heads or (base.num_key_value_heads if own_heads else 0) or heads,
        intermediate_size=table.intermediate_size
        or (base.intermediate_size if own_width else 0)
        or _inner_width(architecture, width),
        tie_word_embeddings=base.tie_word_embeddings
        if table.tie_word_embeddings == "auto"
        else table.tie_word_embeddings,
    )


def _inner_width(architecture: Architecture, width: int) -> int:
    """4× the width; with llama's gate 8/3, as many weights (arXiv:2002.05202), rounded up for the matrix units."""
    if architecture != "llama":
        return 4 * width
    multiple = 128 if width >= _WIDE else 16
    return -(-8 * width // (3 * multiple)) * multiple


def short_name(table: ModelTable) -> str:
    """The model in a word, for the name of a run: `gpt2-small`, `llama-4x128`, the last part of a hub id."""
    if table.pretrained:
        return PurePath(table.pretrained).name + ("-lora" if table.lora.r else "")
    shape = sizes(table)
    if table.preset and shape == PRESETS[table.preset]:
        return table.preset
    return f"{shape.architecture}-{shape.num_hidden_layers}x{shape.hidden_size}"

"""Networks from a `[model]` table's sizes: built from a seed. Any network: counted, and changed while it trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from transformers.modeling_utils import PreTrainedModel
from transformers.models.gpt2.configuration_gpt2 import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2LMHeadModel
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM
from transformers.utils import logging as transformers_logging

from msopt_tui.config.presets import sizes
from msopt_tui.config.schema import ModelTable

# transformers writes bars and reports to stderr, which is the screen's or the log's, not its own.
_QUIET: tuple[Callable[[], None], ...] = (
    transformers_logging.set_verbosity_error,
    transformers_logging.disable_progress_bar,
)
for _silence in _QUIET:
    _silence()

ADAPTER_DROPOUT = "lora_dropout"
"""What PEFT calls the dropout layers of its adapters."""
BYTES_PER_PARAMETER = 16
"""Weight, gradient and the two moments of AdamW, float32 each."""
_DROPOUTS = ("attention_dropout", "attn_pdrop", "resid_pdrop", "embd_pdrop", "hidden_dropout", "dropout")
"""What transformers' configurations and layers call a dropout probability."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a network weighs and costs."""

    parameters: int
    """Tied weights counted once."""
    trainable: int
    bytes: int
    """Weights, gradients and optimiser state; activations come on top."""
    flops_per_token: float
    """Forward and backward pass of one token in training."""


Configuration = LlamaConfig | GPT2Config
Network = LlamaForCausalLM | GPT2LMHeadModel


def configuration(
    table: ModelTable,
    *,
    vocab_size: int,
    max_length: int,
    eos_token_id: int | None = None,
    pad_token_id: int | None = None,
) -> Configuration:
    """The `transformers` configuration for rows of `max_length` tokens; the end of a text is also what begins one."""
    # A padding index that is also the end of text would keep that embedding from learning (torch.nn.Embedding).
    pad = None if pad_token_id == eos_token_id else pad_token_id
    shape = sizes(table)
    if shape.architecture == "gpt2":
        return GPT2Config(
            vocab_size=vocab_size,
            n_positions=max_length,
            n_embd=shape.hidden_size,
            n_layer=shape.num_hidden_layers,
            n_head=shape.num_attention_heads,
            n_inner=shape.intermediate_size,
            # The same function as GPT-2's own `gelu_new`, in one kernel instead of eight.
            activation_function="gelu_pytorch_tanh",
            resid_pdrop=table.dropout,
            embd_pdrop=table.dropout,
            attn_pdrop=table.dropout,
            initializer_range=table.initializer_range,
            tie_word_embeddings=shape.tie_word_embeddings,
            bos_token_id=eos_token_id,
            eos_token_id=eos_token_id,
            pad_token_id=pad,
        )
    return LlamaConfig(
        vocab_size=vocab_size,
        max_position_embeddings=max_length,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        num_key_value_heads=shape.num_key_value_heads,
        intermediate_size=shape.intermediate_size,
        attention_dropout=table.dropout,
        initializer_range=table.initializer_range,
        tie_word_embeddings=shape.tie_word_embeddings,
        bos_token_id=eos_token_id,
        eos_token_id=eos_token_id,
        pad_token_id=pad,
    )


def build(
    table: ModelTable,
    *,
    vocab_size: int,
    max_length: int,
    eos_token_id: int,
    pad_token_id: int | None,
    seed: int,
    device: torch.device,
) -> PreTrainedModel:
    """A network with initial weights in float32, in training mode, on `device`.

    The weights depend on `seed` alone, not on the device: they are drawn on the CPU, and torch's global generator is
    left as it was.
    """
    config = configuration(
        table,
        vocab_size=vocab_size,
        max_length=max_length,
        eos_token_id=eos_token_id,
        pad_token_id=pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _network(config)
    return placed(model, device)


def placed(model: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    """The model itself, moved to `device`."""
    # Not model.to: transformers wraps it in a decorator that hides its type.
    torch.nn.Module.to(model, device)
    return model


def _network(config: Configuration) -> Network:
    return GPT2LMHeadModel(config) if isinstance(config, GPT2Config) else LlamaForCausalLM(config)


def estimate(table: ModelTable, vocab_size: int, max_length: int) -> ModelFacts:
    """The facts of a network that is never allocated."""
    return facts(sketch(table, vocab_size, max_length), max_length)


def sketch(table: ModelTable, vocab_size: int, max_length: int) -> PreTrainedModel:
    """A network without weights: for counting, on torch's `meta` device."""
    with torch.device("meta"):
        return _network(configuration(table, vocab_size=vocab_size, max_length=max_length))


def facts(model: PreTrainedModel, max_length: int) -> ModelFacts:
    """Sizes of a network, and its cost on rows of `max_length` tokens.

    Floating-point operations a token after PaLM (arXiv:2204.02311), appendix B: 6 N + 12 L H Q T, with L layers of H
    heads of size Q over T tokens, the whole T though causal attention needs half of it. N counts what is multiplied by:
    a table that is only looked up (positions; the input embedding, unless it is also the output layer) is left out.
    A weight that does not learn costs 4 instead of 6: no gradient is worked out for it, only through it.
    """
    parameters = list(model.parameters())
    count = sum(parameter.numel() for parameter in parameters)
    trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
    looked_up = _looked_up(model)
    multiplied = count - sum(table.numel() for table in looked_up)
    learning = trainable - sum(table.numel() for table in looked_up if table.requires_grad)
    config = model.config
    attention = 12 * config.num_hidden_layers * config.hidden_size * max_length
    return ModelFacts(
        parameters=count,
        trainable=trainable,
        bytes=4 * (count - trainable) + BYTES_PER_PARAMETER * trainable,
        flops_per_token=float(4 * multiplied + 2 * learning + attention),
    )


def _looked_up(model: PreTrainedModel) -> list[torch.Tensor]:
    """Embedding tables that no matrix product uses."""
    output = model.get_output_embeddings()
    tables = [module.weight for module in model.modules() if isinstance(module, torch.nn.Embedding)]
    return [table for table in tables if output is None or table is not output.weight]


def set_dropout(model: PreTrainedModel, probability: float) -> None:
    """Change the dropout probability of every layer from the next forward pass on; that of adapters is their own."""
    layers = [module for name, module in model.named_modules() if ADAPTER_DROPOUT not in name]
    for holder in (model.config, *layers):
        if isinstance(holder, torch.nn.Dropout):
            holder.p = probability
        for name in _DROPOUTS:
            if isinstance(getattr(holder, name, None), int | float):
                setattr(holder, name, probability)


def enable_gradient_checkpointing(model: PreTrainedModel) -> None:
    """Recompute each layer's activations in the backward pass instead of keeping them; dropout draws the same again."""
    # Renamed in transformers 5; the old name goes with 6.
    renamed: Callable[..., None] | None = getattr(model, "activation_checkpointing_enable", None)
    enable = renamed or model.gradient_checkpointing_enable
    enable({"use_reentrant": False})

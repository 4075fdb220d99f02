"""Networks from a `[model]` table's sizes: built from a seed. Any network: counted, and changed while it trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers.configuration_utils import PretrainedConfig
from transformers.modeling_utils import PreTrainedModel
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.gpt2.configuration_gpt2 import GPT2Config
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.t5.configuration_t5 import T5Config
from transformers.utils import logging as transformers_logging

from msopt_tui.config.presets import Sizes, sizes
from msopt_tui.config.schema import ModelTable
from msopt_tui.ml.heads import CAUSAL, Head

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
_DROPOUTS = (
    "activation_dropout",
    "attention_dropout",
    "attention_probs_dropout_prob",
    "attn_pdrop",
    "classifier_dropout",
    "dropout",
    "dropout_rate",
    "embd_pdrop",
    "hidden_dropout",
    "hidden_dropout_prob",
    "resid_pdrop",
)
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


Configuration = LlamaConfig | GPT2Config | BertConfig | T5Config


def configuration(
    table: ModelTable,
    *,
    vocab_size: int,
    max_length: int,
    eos_token_id: int | None = None,
    pad_token_id: int | None = None,
    labels: Sequence[str] = (),
) -> Configuration:
    """The `transformers` configuration for rows of `max_length` tokens; the end of a text is also what begins one.

    `labels` are the classes of a network that tells them apart.
    """
    # A padding index that is also the end of text would keep that embedding from learning (torch.nn.Embedding).
    pad = None if pad_token_id == eos_token_id else pad_token_id
    shape = sizes(table)
    match shape.architecture:
        case "gpt2":
            made: Configuration = _gpt2(table, shape, max_length)
        case "bert":
            made = _bert(table, shape, max_length)
        case "t5":
            made = _t5(table, shape)
        case _:
            made = _llama(table, shape, max_length)
    made.vocab_size = vocab_size
    made.bos_token_id = made.eos_token_id = eos_token_id
    made.pad_token_id = pad
    if shape.architecture == "t5":
        made.decoder_start_token_id = pad
    name_classes(made, labels)
    return made


def name_classes(config: PretrainedConfig, labels: Sequence[str]) -> None:
    """Classes by their number, so that whoever loads the model reads names; one class a row."""
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
        config.problem_type = "single_label_classification"


def _gpt2(table: ModelTable, shape: Sizes, max_length: int) -> GPT2Config:
    return GPT2Config(
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
    )


def _bert(table: ModelTable, shape: Sizes, max_length: int) -> BertConfig:
    return BertConfig(
        max_position_embeddings=max_length,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        intermediate_size=shape.intermediate_size,
        hidden_dropout_prob=table.dropout,
        attention_probs_dropout_prob=table.dropout,
        initializer_range=table.initializer_range,
        tie_word_embeddings=shape.tie_word_embeddings,
    )


def _t5(table: ModelTable, shape: Sizes) -> T5Config:
    return T5Config(
        d_model=shape.hidden_size,
        d_kv=shape.head_size,
        d_ff=shape.intermediate_size,
        num_layers=shape.num_hidden_layers,
        num_heads=shape.num_attention_heads,
        dropout_rate=table.dropout,
    )


def _llama(table: ModelTable, shape: Sizes, max_length: int) -> LlamaConfig:
    return LlamaConfig(
        max_position_embeddings=max_length,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        num_key_value_heads=shape.num_key_value_heads,
        intermediate_size=shape.intermediate_size,
        attention_dropout=table.dropout,
        initializer_range=table.initializer_range,
        tie_word_embeddings=shape.tie_word_embeddings,
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
    head: Head = CAUSAL,
    labels: Sequence[str] = (),
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
        labels=labels,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = from_config(config, head)
    # transformers' default for new networks is what it is for published ones.
    model.train()
    return placed(model, device)


def placed(model: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    """The model itself, moved to `device`."""
    # Not model.to: transformers wraps it in a decorator that hides its type.
    torch.nn.Module.to(model, device)
    return model


def from_config(config: PretrainedConfig, head: Head) -> PreTrainedModel:
    """A network of transformers' own classes with random weights, in float32; no code of a model's own is run."""
    make: Callable[..., object] = head.model.from_config
    model = make(config, dtype=torch.float32, trust_remote_code=False)
    assert isinstance(model, PreTrainedModel), "the auto class gives nothing else"
    return model


def estimate(table: ModelTable, vocab_size: int, max_length: int) -> ModelFacts:
    """The facts of a causal network that is never allocated."""
    return facts(sketch(table, vocab_size, max_length), max_length)


def sketch(
    table: ModelTable, vocab_size: int, max_length: int, head: Head = CAUSAL, labels: Sequence[str] = ()
) -> PreTrainedModel:
    """A network without weights: for counting, on torch's `meta` device."""
    config = configuration(table, vocab_size=vocab_size, max_length=max_length, labels=labels)
    with torch.device("meta"):
        return from_config(config, head)


def facts(model: PreTrainedModel, max_length: int) -> ModelFacts:
    """Sizes of a network, and its cost on rows of `max_length` tokens.

    Floating-point operations a token after PaLM (arXiv:2204.02311), appendix B: 6 N + 12 L H Q T, with L layers of H
    heads of size Q over T tokens, the whole T though causal attention needs half of it. N counts what is multiplied by:
    a table that is only looked up (positions; the input embedding, unless it is also the output layer) is left out.
    A weight that does not learn costs 4 instead of 6: no gradient is worked out for it, only through it. A token of an
    encoder-decoder passes through one of its halves: half of N is counted, and the layers of one half.
    """
    parameters = list(model.parameters())
    count = sum(parameter.numel() for parameter in parameters)
    trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
    looked_up = _looked_up(model)
    multiplied = count - sum(table.numel() for table in looked_up)
    learning = trainable - sum(table.numel() for table in looked_up if table.requires_grad)
    config = model.config
    share = 0.5 if config.is_encoder_decoder else 1.0
    attention = 12 * config.num_hidden_layers * config.hidden_size * max_length
    return ModelFacts(
        parameters=count,
        trainable=trainable,
        bytes=4 * (count - trainable) + BYTES_PER_PARAMETER * trainable,
        flops_per_token=share * (4 * multiplied + 2 * learning) + attention,
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

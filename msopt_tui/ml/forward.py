"""From token ids to logits with as little Python as there can be: the hot path of training and evaluation.

A `transformers` model's own forward checks on every call what a training run knows beforehand: output flags, the mask
(reading the positions back from the device, which makes the host wait), the rotary tables. On a small model that is a
tenth of a step. Here the same layers are called in the same order, so the logits are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from transformers.modeling_utils import PreTrainedModel
from transformers.models.gpt2.modeling_gpt2 import GPT2LMHeadModel
from transformers.models.llama.modeling_llama import LlamaForCausalLM

Logits = Callable[[torch.Tensor], torch.Tensor]
"""Token ids [rows, length] (int64) to logits [rows, length, vocabulary]; causal, no padding, positions from 0."""


def logits_of(model: PreTrainedModel, *, compiled: bool = False) -> Logits:
    """The forward pass of `model`, for rows of at most as many tokens as its configuration says.

    Follows the model: weights, dropout and training mode are what they are at the time of a call. With `compiled` the
    first call takes long and the last bits may differ. Other architectures, and models wrapped by PEFT, go through
    their own forward; adapters that were put into the layers of a plain model do not change the way through it.
    """
    if type(model) is LlamaForCausalLM and _leaves_out_the_mask(model) and _has_one_rotary_table(model):
        run = _llama(model)
    elif type(model) is GPT2LMHeadModel and _leaves_out_the_mask(model):
        run = _gpt2(model)
    else:
        run = _any(model)
    return torch.compile(run) if compiled else run


def _leaves_out_the_mask(model: PreTrainedModel) -> bool:
    """Whether attention without a mask is causal: torch's own is, transformers' `eager` one looks ahead."""
    return bool(model.config._attn_implementation == "sdpa")


def _has_one_rotary_table(model: PreTrainedModel) -> bool:
    """Whether the angles of a position are the same in rows of every length."""
    parameters = model.config.rope_parameters or {}
    return parameters.get("rope_type", "default") not in ("dynamic", "longrope")


def _llama(model: LlamaForCausalLM) -> Logits:
    trunk = model.model
    longest = model.config.max_position_embeddings
    positions = torch.arange(longest, device=model.device).unsqueeze(0)
    cos, sin = trunk.rotary_emb(trunk.embed_tokens.weight, position_ids=positions)

    def run(ids: torch.Tensor) -> torch.Tensor:
        length = ids.shape[1]
        rotary = (cos, sin) if length == longest else (cos[:, :length], sin[:, :length])
        hidden = trunk.embed_tokens(ids)
        for layer in trunk.layers:
            hidden = layer(hidden, position_embeddings=rotary)
        logits: torch.Tensor = model.lm_head(trunk.norm(hidden))
        return logits

    return run


def _gpt2(model: GPT2LMHeadModel) -> Logits:
    trunk = model.transformer
    longest = model.config.max_position_embeddings
    every_position = torch.arange(longest, device=model.device).unsqueeze(0)

    def run(ids: torch.Tensor) -> torch.Tensor:
        length = ids.shape[1]
        positions = every_position if length == longest else every_position[:, :length]
        hidden = trunk.drop(trunk.wte(ids) + trunk.wpe(positions))
        for layer in trunk.h:
            hidden = layer(hidden)
        logits: torch.Tensor = model.lm_head(trunk.ln_f(hidden))
        return logits

    return run


def _any(model: PreTrainedModel) -> Logits:
    def run(ids: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits
        return logits

    return run

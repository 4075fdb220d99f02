"""The network that a project file asks for: new or pretrained, with what is frozen in it and put beside it."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.schema import Config
from msopt_tui.data.prepare import PreparedData
from msopt_tui.data.pretrained import locate
from msopt_tui.data.vocabulary import load
from msopt_tui.ml import freeze, lora, model, pretrained


def build(config: Config, prepared: PreparedData, base_dir: Path, device: torch.device) -> PreTrainedModel:
    """The network with the weights that training begins with, on `device`, in float32 and in training mode.

    Draws from a generator of its own: torch's global one is left as it was. Raises DataError for a pretrained model
    that can't be used, ValueError for parts to freeze that it has not.
    """
    pad = load(prepared.tokenizer_dir, "causal").pad
    table, end, seed = config.model, prepared.meta.end_of_text, config.train.seed
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if table.pretrained:
            directory = locate(table.pretrained, base_dir, weights=True)
            network = pretrained.read(directory, vocab_size=prepared.vocab_size, eos_token_id=end, pad_token_id=pad)
            model.set_dropout(network, table.dropout)
        else:
            network = model.build(
                table,
                vocab_size=prepared.vocab_size,
                max_length=config.data.max_length,
                eos_token_id=end,
                pad_token_id=pad,
                seed=seed,
                device=torch.device("cpu"),
            )
        _restrict(network, config, str(directory) if table.pretrained else "")
    return model.placed(network, device)


def estimate(config: Config, prepared: PreparedData, base_dir: Path) -> model.ModelFacts:
    """The facts of the same network, which is never allocated; of a pretrained one no weight is read."""
    table, max_length = config.model, config.data.max_length
    if table.pretrained:
        network = pretrained.sketch(locate(table.pretrained, base_dir, weights=False))
    else:
        network = model.sketch(table, prepared.vocab_size, max_length)
    _restrict(network, config, "")
    return model.facts(network, max_length)


def _restrict(network: PreTrainedModel, config: Config, base: str) -> None:
    """Settle what learns: all, all but what is frozen, or adapters alone."""
    freeze.freeze(network, config.model.freeze)
    if config.model.lora.r:
        lora.add(network, config.model.lora, base)

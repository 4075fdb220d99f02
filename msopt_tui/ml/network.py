"""The network that a project file asks for: new or pretrained, with what is frozen in it and put beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.schema import Config
from msopt_tui.data.prepare import PreparedData
from msopt_tui.data.pretrained import locate
from msopt_tui.data.vocabulary import load
from msopt_tui.data.watch import UNWATCHED, Watcher
from msopt_tui.ml import freeze, lora, model, pretrained
from msopt_tui.ml.heads import Head, head_of


def build(
    config: Config,
    prepared: PreparedData,
    base_dir: Path,
    device: torch.device,
    note: Callable[[str], None] = lambda _: None,
    watcher: Watcher = UNWATCHED,
) -> PreTrainedModel:
    """The network with the weights that training begins with, on `device`, in float32 and in training mode.

    Draws from a generator of its own: torch's global one is left as it was. `note` is told what starts from random
    numbers in a pretrained one, `watcher` how far it is. Raises DataError for a pretrained model that can't be used,
    ValueError for parts to freeze that it has not.
    """
    head = head_of(config.task.name, prepared.meta.family)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.train.seed)
        if config.model.pretrained:
            network = _from_pretrained(config, prepared, base_dir, head, note, watcher)
        else:
            network = _from_random(config, prepared, head)
    if config.model.load_in_4bit:
        return network  # quantised weights lie on their device already and can't be moved
    if device.type != "cpu":
        watcher.progress(0, 0, "", f"moving the network to {device}")
    return model.placed(network, device)


def _from_pretrained(
    config: Config,
    prepared: PreparedData,
    base_dir: Path,
    head: Head,
    note: Callable[[str], None],
    watcher: Watcher,
) -> PreTrainedModel:
    table = config.model
    directory = locate(table.pretrained, base_dir, weights=True, watcher=watcher)
    found = pretrained.read(
        directory,
        vocab_size=prepared.vocab_size,
        eos_token_id=prepared.meta.end_of_text,
        pad_token_id=_pad(prepared),
        head=head,
        labels=prepared.labels,
        four_bits=table.load_in_4bit,
        watcher=watcher,
    )
    if found.new:
        note(f"new head: {', '.join(found.new)} start from random numbers, {directory.name} has none for this task")
    model.set_dropout(found.model, table.dropout)
    _restrict(found.model, config, head, str(directory), found.new)
    return found.model


def _from_random(config: Config, prepared: PreparedData, head: Head) -> PreTrainedModel:
    network = model.build(
        config.model,
        vocab_size=prepared.vocab_size,
        max_length=config.data.max_length,
        eos_token_id=prepared.meta.end_of_text,
        pad_token_id=_pad(prepared),
        seed=config.train.seed,
        device=torch.device("cpu"),
        head=head,
        labels=prepared.labels,
    )
    _restrict(network, config, head, "", ())
    return network


def _pad(prepared: PreparedData) -> int | None:
    return load(prepared.tokenizer_dir, prepared.meta.family).pad


def estimate(config: Config, prepared: PreparedData, base_dir: Path) -> model.ModelFacts:
    """The facts of the same network, which is never allocated; of a pretrained one no weight is read."""
    table, max_length = config.model, config.data.max_length
    head = head_of(config.task.name, prepared.meta.family)
    if table.pretrained:
        network = pretrained.sketch(locate(table.pretrained, base_dir, weights=False), head, prepared.labels)
    else:
        network = model.sketch(table, prepared.vocab_size, max_length, head, prepared.labels)
    _restrict(network, config, head, "")
    return model.facts(network, max_length)


def _restrict(network: PreTrainedModel, config: Config, head: Head, base: str, new: Sequence[str] = ()) -> None:
    """Settle what learns: all, all but what is frozen, or adapters with a head that knows nothing yet."""
    freeze.freeze(network, config.model.freeze)
    if config.model.lora.r:
        lora.add(network, config.model.lora, base, head, new)

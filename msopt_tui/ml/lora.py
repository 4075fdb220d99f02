"""LoRA adapters (arXiv:2106.09685) by PEFT: put into a model's layers, stored under PEFT's names, merged at the end.

The model stays what it was: its layers, not its class, are replaced, so that the short way through a plain one is
still there. PEFT is an extra: without it a project file that asks for adapters is refused when it is read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers.modeling_utils import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from msopt_tui.config.schema import LoraTable
from msopt_tui.ml import tensor_files
from msopt_tui.ml.heads import CAUSAL, CLASSES, SPANS, Head, module_of

if TYPE_CHECKING:
    from peft import LoraConfig
    from peft.tuners.lora import LoraLayer

ADAPTER = "adapter_model.safetensors"
DESCRIPTION = "adapter_config.json"
"""What PEFT calls the file of an adapter's weights, and the one beside it."""
NAME = "default"
_PREFIX = "base_model.model."
"""Stands before every name in PEFT's files."""


def add(model: PreTrainedModel, table: LoraTable, base: str, head: Head = CAUSAL, new: Sequence[str] = ()) -> None:
    """Freeze the model and put adapters that change nothing yet into its layers; only they learn, and beside them a
    head of classes or spans, and whatever head holds weights that are `new`.

    Draws from torch's global generator. `base` is what an adapter's files call the model they belong to. Raises
    ValueError for `target_modules` that this model has not.
    """
    from peft import LoraConfig, inject_adapter_in_model

    wanted, parts = table.target_modules, _taught(model, head, new)
    config = LoraConfig(
        r=table.r,
        lora_alpha=table.alpha,  # type: ignore[arg-type]  # used as a number; PEFT's own examples give fractions
        lora_dropout=table.dropout,
        target_modules=wanted or None,
        task_type=head.adapter_task or None,
        exclude_modules=rf"({'|'.join(map(re.escape, parts))})(\..*)?" if parts else None,
        base_model_name_or_path=base,
        # GPT-2 keeps its matrices the other way round.
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
    )
    try:
        inject_adapter_in_model(config, model, adapter_name=NAME)
    except ValueError as error:
        said = str(error).splitlines()[0]
        raise ValueError(f"model.lora.target_modules: {said}; this model has {_layers(model)}") from error
    _refuse_tied(model)
    # Not before: PEFT would train copies of them. Loaders look for them whole in an adapter's files.
    config.modules_to_save, config.exclude_modules = parts or None, None
    for name, parameter in model.named_parameters():
        # A weight that the head shares with the body has the body's name here, and stays frozen.
        if module_of(name, head) in parts:
            parameter.requires_grad = True
    if isinstance(wanted, list):
        missing = [name for name in wanted if not any(_ends(layer, name) for layer in _adapted(model))]
        if missing:
            raise ValueError(f"model.lora.target_modules: no layer is called {missing[0]}; there are {_layers(model)}")


def _taught(model: PreTrainedModel, head: Head, new: Sequence[str]) -> list[str]:
    """The parts of the head that learn beside the adapters."""
    names = [name for name, _ in model.named_parameters()] if head in (CLASSES, SPANS) else new
    return sorted({module_of(name, head) for name in names} - {""})


def _refuse_tied(model: PreTrainedModel) -> None:
    from peft.tuners.lora import LoraLayer

    ends = (model.get_input_embeddings(), model.get_output_embeddings())
    if model.config.tie_word_embeddings and any(isinstance(end, LoraLayer) for end in ends):
        raise ValueError(
            "model.lora.target_modules: the input embedding and the output layer of this model are one matrix, "
            "and an adapter on one of them could not be merged: leave both out"
        )


def is_adapted(model: PreTrainedModel) -> bool:
    """Whether the model has adapters."""
    return hasattr(model, "peft_config")


def layers_of(model: PreTrainedModel) -> dict[str, LoraLayer]:
    """The layers that have adapters, by their names."""
    from peft.tuners.lora import LoraLayer

    return {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer)}


def _adapted(model: PreTrainedModel) -> list[str]:
    return list(layers_of(model))


def _ends(layer: str, name: str) -> bool:
    return layer == name or layer.endswith("." + name)


def _layers(model: PreTrainedModel) -> str:
    """The kinds of layers that could have adapters, by the ends of their names."""
    plain = (torch.nn.Linear, torch.nn.Embedding, Conv1D)
    names = (name for name, module in model.named_modules() if isinstance(module, plain) and "lora_" not in name)
    return ", ".join(sorted({name.removesuffix(".base_layer").rpartition(".")[2] for name in names}))


def stored(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """The adapters' tensors and the parts beside them, whole, as PEFT's files call them; live, not copies."""
    whole = tuple(f"{part}." for part in config_of(model).modules_to_save or ())
    found = {}
    for name, tensor in model.state_dict().items():
        # Matrices of an embedding end with the adapter's name, those of other layers have it inside.
        own = name.replace(f".{NAME}.", ".").removesuffix(f".{NAME}") if ".lora_" in name else name
        if own != name or name.startswith(whole):
            found[_PREFIX + own] = tensor
    return found


def config_of(model: PreTrainedModel) -> LoraConfig:
    """PEFT's description of the adapters of a model that has some; live."""
    from peft import LoraConfig

    config: object = model.peft_config[NAME]
    assert isinstance(config, LoraConfig), "as added"
    return config


def described(model: PreTrainedModel) -> bytes:
    """What PEFT writes beside an adapter's weights."""
    written: dict[str, object] = config_of(model).to_dict()  # type: ignore[no-untyped-call]  # PEFT's own
    fields = {key: sorted(value) if isinstance(value, set) else value for key, value in written.items()}
    return json.dumps(fields, indent=2, sort_keys=True).encode()


def write(model: PreTrainedModel, target: Path) -> None:
    """Write what `PeftModel.from_pretrained` loads onto the same base; raises OSError."""
    (target / DESCRIPTION).write_bytes(described(model))
    # Parts may hold one tensor under two names, and PEFT asks for both.
    tensor_files.write(target / ADAPTER, {name: tensor.clone() for name, tensor in stored(model).items()})


def merge(model: PreTrainedModel) -> None:
    """Add every adapter to the weights of its layer and take it out: what is left is a plain model of the same output.

    Equal up to the rounding of float32.
    """
    from peft.tuners.lora import LoraLayer

    for name, module in list(model.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, module.get_base_layer())
    del model.peft_config


@contextmanager
def without_adapters(model: PreTrainedModel) -> Iterator[None]:
    """The model as it was before it had adapters, while this lasts."""
    from peft.tuners.lora import LoraLayer

    layers = [module for module in model.modules() if isinstance(module, LoraLayer)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def base_digest(model: PreTrainedModel) -> str:
    """Hash of the weights that adapters stand beside: of names, shapes and sums of their bits, the same anywhere."""
    digest = hashlib.sha256()
    for name, tensor in model.named_parameters():
        if not tensor.requires_grad:
            bits = (
                tensor.detach().view(torch.uint8 if tensor.element_size() % 4 else torch.int32).sum(dtype=torch.int64)
            )
            digest.update(f"{name}{list(tensor.shape)}{int(bits)}".encode())
    return digest.hexdigest()

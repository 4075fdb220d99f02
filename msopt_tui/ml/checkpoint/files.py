"""The files of a checkpoint, and those of them that make a model directory for everybody else."""

from __future__ import annotations

import shutil
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from safetensors import SafetensorError
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.ml import lora

WEIGHTS, OPTIMIZER, RNG = "model.safetensors", "optimizer.safetensors", "rng.safetensors"
TOKENIZER = "tokenizer.json"
_TOKENIZER_FILES = (TOKENIZER, "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")


def weights_file(model: PreTrainedModel) -> str:
    """Which file holds what a model has learnt: all of its weights, or its adapters'."""
    return lora.ADAPTER if lora.is_adapted(model) else WEIGHTS


def stored(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """The live tensors of that file by their names in it; of tied ones only the first name."""
    if lora.is_adapted(model):
        return lora.stored(model)
    tensors: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in model.state_dict().items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            tensors[name] = tensor
    return tensors


def described(model: PreTrainedModel) -> dict[str, bytes]:
    """The small files that say what the file of weights is of, by name, as `save_pretrained` writes them."""
    if lora.is_adapted(model):
        return {lora.DESCRIPTION: lora.described(model)}
    config = model.config
    config.dtype, config.architectures = str(model.dtype).removeprefix("torch."), [type(model).__name__]
    fields = repr((vars(config), vars(model.generation_config) if model.can_generate() else None))
    before = _described.get(model)
    if before is None or before[0] != fields:
        before = _described[model] = (fields, _written(model))
    return before[1]


_described: WeakKeyDictionary[PreTrainedModel, tuple[str, dict[str, bytes]]] = WeakKeyDictionary()
"""Of each model what it was made of, and the files: training waits for them at every checkpoint."""


def _written(model: PreTrainedModel) -> dict[str, bytes]:
    config = model.config
    files = {"config.json": config.to_json_string(use_diff=True)}
    if model.can_generate():
        generation = model.generation_config
        files["generation_config.json"] = generation.to_json_string(use_diff=True, keys_to_pop=["compile_config"])
    return {name: text.encode() for name, text in files.items()}


def tokenizer_files(tokenizer_dir: Path) -> list[Path]:
    """The files of a tokenizer that a model directory needs."""
    return [path for name in _TOKENIZER_FILES if (path := tokenizer_dir / name).exists()]


def write_model(model: PreTrainedModel, tokenizer_dir: Path, target: Path) -> None:
    """What `AutoModelForCausalLM` and `AutoTokenizer` load: weights, configuration, tokenizer. Raises OSError.

    Of a model with adapters what `PeftModel` loads instead. Weights get the names and shapes that the architecture's
    published files have, where transformers keeps them otherwise in memory.
    """
    if lora.is_adapted(model):
        lora.write(model, target)
    else:
        try:
            model.save_pretrained(target)
        except SafetensorError as error:
            raise OSError(str(error)) from error
    for path in tokenizer_files(tokenizer_dir):
        shutil.copyfile(path, target / path.name)

"""Networks that others trained: read from a directory, weights from safetensors only, none of its code is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers.configuration_utils import PretrainedConfig
from transformers.generation.configuration_utils import GenerationConfig
from transformers.modeling_utils import PreTrainedModel
from transformers.models.auto.configuration_auto import AutoConfig
from transformers.utils import logging as transformers_logging

from msopt_tui.data.errors import DataError
from msopt_tui.data.pretrained import WEIGHTS, WEIGHTS_INDEX, read_json
from msopt_tui.data.watch import UNWATCHED, Watcher
from msopt_tui.ml import quantise, tensor_files
from msopt_tui.ml.heads import CAUSAL, CLASSES, SEQ2SEQ, Head, module_of
from msopt_tui.ml.model import from_config, name_classes


@dataclass(frozen=True, slots=True)
class Read:
    """What a directory gave."""

    model: PreTrainedModel
    new: tuple[str, ...]
    """Weights of its head that the directory has not, or has for other classes: they start from random numbers."""


def read(
    directory: Path,
    *,
    vocab_size: int,
    eos_token_id: int | None = None,
    pad_token_id: int | None = None,
    head: Head = CAUSAL,
    labels: Sequence[str] = (),
    four_bits: bool = False,
    watcher: Watcher = UNWATCHED,
) -> Read:
    """The network of a directory with the head of a task, in float32 on the CPU, in training mode.

    Ids come from the tokenizer, which has `vocab_size` of them; a text that the model writes ends where one that it
    learns from ends. A head that the directory has not is drawn from torch's global generator.
    `labels` are its classes. With `four_bits` the weights are quantised on the current CUDA device. Raises DataError:
    no such network, code or pickles instead of weights, weights missing.
    """
    config = configuration(directory, head)
    name_classes(config, labels)
    model, found = _loaded(directory, config, head, four_bits=four_bits, watcher=watcher)
    missing = sorted(found["missing_keys"]) + sorted(str(name) for name, *_ in found["mismatched_keys"])
    lacking = [name for name in missing if not module_of(name, head)]
    if lacking:
        # They would start from random numbers, which nobody who names a pretrained model means.
        more = f", nor {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise DataError(f"model.pretrained: {directory}: has no {lacking[0]} of the shape in config.json{more}")
    _name_tokens(model, vocab_size, eos_token_id, pad_token_id, head)
    model.train()
    return Read(model, tuple(missing))


def _loaded(
    directory: Path, config: PretrainedConfig, head: Head, *, four_bits: bool, watcher: Watcher
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The network with the weights that are there, and transformers' report of what is not. Raises DataError."""
    for path in _weight_files(directory):
        try:
            tensor_files.check_header(path)
        except (OSError, ValueError) as error:
            raise DataError(f"model.pretrained: {directory}: {error}") from error
    try:
        with _watched(watcher, f"loading the weights of {directory.name}"):
            # Its annotations do not know that asking for the report makes a pair of the answer.
            answer: object = head.model.from_pretrained(
                directory,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are reported, and refused below by name
                **(quantise.settings(_parts(config, head)) if four_bits else {}),
            )
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        raise DataError(f"model.pretrained: {directory}: can't be read: {_first_line(error)}") from error
    assert isinstance(answer, tuple), "as asked for"
    model, found = answer
    assert isinstance(model, PreTrainedModel), "the auto class gives nothing else"
    return model, found


@contextmanager
def _watched(watcher: Watcher, what: str) -> Iterator[None]:
    """Tell how many tensors transformers has loaded, and serve whoever asks between two."""
    watcher.progress(0, 0, "", what)

    def each(tensors: Iterable[object], total: int) -> Iterator[object]:
        for done, tensor in enumerate(tensors):
            watcher.check()
            watcher.progress(done, total, "tensors", what)
            yield tensor

    def bar(make: Callable[..., Iterable[object]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterable[object]:
        made = make(*args, **kwargs)
        return each(made, len(args[0]) if isinstance(args[0], Sized) else 0) if args else made

    before = transformers_logging.set_tqdm_hook(bar)
    try:
        yield
    finally:
        transformers_logging.set_tqdm_hook(before)


def _parts(config: PretrainedConfig, head: Head) -> list[str]:
    """The parts of a head, as they are called in a network of that configuration."""
    with torch.device("meta"):
        names = [name for name, _ in from_config(config, head).named_parameters()]
    return sorted({module_of(name, head) for name in names} - {""})


def sketch(directory: Path, head: Head = CAUSAL, labels: Sequence[str] = ()) -> PreTrainedModel:
    """The same network without its weights: for counting, on torch's `meta` device. Raises DataError like `read`."""
    config = configuration(directory, head)
    name_classes(config, labels)
    with torch.device("meta"):
        return from_config(config, head)


def configuration(directory: Path, head: Head = CAUSAL) -> PretrainedConfig:
    """Raises DataError where it is not that of a network with such a head that transformers knows by itself."""
    raw = read_json(directory / "config.json")
    kind = raw.get("model_type")
    if kind not in head.classes:
        own = " and brings code of its own, which is never run" if "auto_map" in raw else ""
        raise DataError(f"model.pretrained: {directory}: model_type {kind!r} is no {head.name} of transformers{own}")
    named = raw.get("architectures")
    written = named[0] if isinstance(named, list) and named else None
    if head.exact and written is not None and written not in head.classes.values():
        raise DataError(f"model.pretrained: {directory}: is a {written}, no {head.name}")
    if "quantization_config" in raw:
        raise DataError(
            f"model.pretrained: {directory}: its weights are quantised and can't be trained: "
            "name the model it was made from"
        )
    try:
        config = AutoConfig.from_pretrained(directory, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"model.pretrained: {directory}: config.json: {_first_line(error)}") from error
    assert isinstance(config, PretrainedConfig), "the auto class gives nothing else"
    return config


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


def _weight_files(directory: Path) -> list[Path]:
    if (directory / WEIGHTS).is_file():
        return [directory / WEIGHTS]
    shards = read_json(directory / WEIGHTS_INDEX).get("weight_map")
    names = sorted({str(name) for name in shards.values()}) if isinstance(shards, dict) else []
    for name in names:
        if Path(name).name != name or not (directory / name).is_file():
            raise DataError(f"model.pretrained: {directory}: {WEIGHTS_INDEX} names {name!r}, which is no file there")
    return [directory / name for name in names]


def _name_tokens(model: PreTrainedModel, vocab_size: int, end: int | None, pad: int | None, head: Head) -> None:
    embedding = model.get_input_embeddings()
    assert isinstance(embedding, torch.nn.Embedding), "a language model looks its tokens up"
    if vocab_size > embedding.num_embeddings:
        raise DataError(
            f"model.pretrained: its tokenizer has {vocab_size:,} tokens and the model {embedding.num_embeddings:,}: "
            "they do not belong together"
        )
    if end is not None and head in (CAUSAL, SEQ2SEQ):
        model.config.eos_token_id = end
    if model.config.pad_token_id is None and (pad != end or head is CLASSES):
        # A causal network that tells classes apart finds the last token of a row by it.
        model.config.pad_token_id = pad
    if embedding.padding_idx == end:
        # The row of a padding index never learns, and the end of a text is something to learn.
        embedding.padding_idx = None
    _mend_generation(model, end)


def _mend_generation(model: PreTrainedModel, end: int | None) -> None:
    """Some published settings of `generate` contradict themselves, and would keep the model from being saved."""
    settings = getattr(model, "generation_config", None)
    if settings is None:
        return  # this head writes nothing
    try:
        settings.validate(strict=True)
    except ValueError:
        settings = GenerationConfig.from_model_config(model.config)
        model.generation_config = settings
    known = settings.eos_token_id
    if end is not None and end not in (known if isinstance(known, list) else [known]):
        settings.eos_token_id = end

"""Rules that tie several keys together: each finds one contradiction and says the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

from msopt_tui.config import source_rules
from msopt_tui.config.errors import Problem
from msopt_tui.config.fields import nearest
from msopt_tui.config.presets import PRESETS, SIZE_KEYS, sizes
from msopt_tui.config.schema import Config, LoraTable, ModelTable, TokenizerTable
from msopt_tui.config.tasks import ARCHITECTURES, METRICS_OF

LEAST_SIMILARITY = 0.5
"""Documents less alike than this are no copies of each other, and MinHash would not find them reliably."""

Rule = Callable[[Config], Iterator[tuple[str, str]]]


def cross_check(config: Config, where: str) -> list[Problem]:
    """Every contradiction between keys that are right each by itself."""
    return [Problem(where, key, message) for rule in RULES for key, message in rule(config)]


def _lengths(config: Config) -> Iterator[tuple[str, str]]:
    data = config.data
    if 0 < data.max_chars < data.min_chars:
        yield "data.max_chars", f"{data.max_chars} is below min_chars = {data.min_chars}: no document would be left"
    if 0 < data.near_duplicates < LEAST_SIMILARITY:
        yield (
            "data.near_duplicates",
            f"{data.near_duplicates:g} would drop documents that share little: {LEAST_SIMILARITY:g} to 1, or 0 for off",
        )


def _pretrained(config: Config) -> Iterator[tuple[str, str]]:
    model, blank = config.model, ModelTable()
    if not model.pretrained:
        return
    for key in ("preset", *SIZE_KEYS):
        if getattr(model, key) != getattr(blank, key):
            yield f"model.{key}", "model.pretrained comes with its own sizes: leave this key out, or that one"
    if config.tokenizer != TokenizerTable():
        yield "tokenizer", "model.pretrained comes with its own tokenizer: leave this table out"


def _shape(config: Config) -> Iterator[tuple[str, str]]:
    model = config.model
    if model.pretrained:
        return
    if model.preset and model.preset not in PRESETS:
        near = nearest(model.preset, list(PRESETS))
        yield "model.preset", f"no preset is called {model.preset!r}{near or ': there are ' + ', '.join(PRESETS)}"
        return
    shape = sizes(model)
    heads, keys = shape.num_attention_heads, shape.num_key_value_heads
    if shape.hidden_size < heads or shape.hidden_size % heads:
        yield "model.num_attention_heads", f"{heads} does not divide hidden_size {shape.hidden_size}"
    elif shape.architecture == "llama" and (shape.hidden_size // heads) % 2:
        yield (
            "model.num_attention_heads",
            "hidden_size / num_attention_heads must be even for llama's rotary embedding",
        )
    if shape.architecture != "llama" and keys != heads:
        said = f"{shape.architecture} has keys and values for every attention head: leave this key out"
        yield "model.num_key_value_heads", said
    elif heads % keys:
        yield "model.num_key_value_heads", f"{keys} does not divide num_attention_heads {heads}"


def _network(config: Config) -> Iterator[tuple[str, str]]:
    """Whether a network with random weights can do the task."""
    model, task = config.model, config.task.name
    if model.pretrained or (model.preset and model.preset not in PRESETS):
        return
    architecture, known = sizes(model).architecture, ARCHITECTURES[task]
    if architecture not in known and not (model.architecture == "auto" and not model.preset):
        where = "model.preset" if model.preset and model.architecture == "auto" else "model.architecture"
        yield where, f"{architecture} can't learn the task {task}: one of {', '.join(known)}"


def _quantised(config: Config) -> Iterator[tuple[str, str]]:
    model, key = config.model, "model.load_in_4bit"
    if not model.load_in_4bit:
        return
    if not model.pretrained or not model.lora.r:
        yield key, "four bits can't learn: it takes model.pretrained, with [model.lora] beside it"
    if find_spec("bitsandbytes") is None:
        yield key, "bitsandbytes is not installed: pip install bitsandbytes"
    elif not _has_gpu():
        yield key, "needs an NVIDIA GPU, and none is found here: leave it out, or run where there is one"


def _has_gpu() -> bool:
    """Whether the driver knows an NVIDIA GPU; asked without torch, which takes a second."""
    import pynvml

    try:
        pynvml.nvmlInit()
        return bool(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError:
        return False


def _preference(config: Config) -> Iterator[tuple[str, str]]:
    if config.task.name == "preference" and not config.model.lora.r:
        yield "model.lora", "preference compares with the model as it was, adapters left out: it takes [model.lora]"


def _best(config: Config) -> Iterator[tuple[str, str]]:
    name, known = config.evaluate.metric_for_best_model, METRICS_OF[config.task.name]
    if name not in known:
        yield (
            "evaluate.metric_for_best_model",
            f"{name!r} is no metric of {config.task.name}{nearest(name, list(known))}: one of {', '.join(known)}",
        )


def _adapters(config: Config) -> Iterator[tuple[str, str]]:
    model = config.model
    if model.lora.r == 0:
        if model.lora != LoraTable():
            yield "model.lora.r", "says how large the adapters are: give a rank such as 8, or leave [model.lora] out"
        return
    if find_spec("peft") is None:
        yield "model.lora", "PEFT is not installed: pip install 'msopt-tui[lora]'"
    if not model.pretrained:
        yield "model.lora", "adapters learn beside a trained model, not beside random weights: set model.pretrained"
    if model.freeze:
        yield "model.freeze", "with [model.lora] all of the model is frozen and only the adapters learn: leave it out"


def _schedule(config: Config) -> Iterator[tuple[str, str]]:
    train = config.train
    if train.max_steps == 0:
        yield "train.max_steps", "0 trains nothing; -1 takes num_train_epochs"
    if 0 < train.max_steps <= train.warmup_steps:
        yield (
            "train.warmup_steps",
            f"{train.warmup_steps} leaves no step after the warm-up of {train.max_steps} steps",
        )


RULES: tuple[Rule, ...] = (
    source_rules.sources,
    _lengths,
    source_rules.splits,
    _pretrained,
    _shape,
    _adapters,
    _schedule,
    _network,
    _quantised,
    _preference,
    _best,
)

"""Rules that tie several keys together: each finds one contradiction and says the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

from msopt_tui.config.errors import Problem
from msopt_tui.config.fields import nearest
from msopt_tui.config.presets import PRESETS, SIZE_KEYS, sizes
from msopt_tui.config.schema import Config, LoraTable, ModelTable, Source, TokenizerTable

LEAST_SIMILARITY = 0.5
"""Documents less alike than this are no copies of each other, and MinHash would not find them reliably."""

Rule = Callable[[Config], Iterator[tuple[str, str]]]


def cross_check(config: Config, where: str) -> list[Problem]:
    """Every contradiction between keys that are right each by itself."""
    return [Problem(where, key, message) for rule in RULES for key, message in rule(config)]


_WHERE_FROM = ("path",)
_COLUMNS = ("columns", "group_column")
_ROWS = ("path", "text_column", *_COLUMNS)
_EVERY_KIND = ("kind", "max_documents", "weight", "use")
TAKEN: dict[str, tuple[str, ...]] = {
    "python-topics": (),
    "python-docstrings": (),
    "python-functions": _COLUMNS,
    "python-questions": _COLUMNS,
    "package-docstrings": _COLUMNS,
    "bible-verses": _COLUMNS,
    "text": (*_WHERE_FROM, "document", "document_chars"),
    "gutenberg": (*_WHERE_FROM, "document", "document_chars"),
    "wikipedia": _WHERE_FROM,
    "jsonl": (*_ROWS, "max_broken_rows"),
    "csv": (*_ROWS, "max_broken_rows", "delimiter"),
    "parquet": _ROWS,
    "arrow": _ROWS,
    "datasets": (*_ROWS, "name", "split", "revision", "streaming"),
}
"""Keys that each kind of source takes, beside those that every kind takes."""


def _sources(config: Config) -> Iterator[tuple[str, str]]:
    sources = config.data.sources
    if not sources:
        yield "data.sources", 'no text to learn from: add [[data.sources]] with kind = "text"'
    for source in sources:
        yield from _source(source)
    weighed = sum(source.weight > 0 for source in sources)
    if 0 < weighed < len(sources):
        yield "data.sources.weight", "give every source a weight, or none: 0 beside others would leave a source out"


def _source(source: Source) -> Iterator[tuple[str, str]]:
    taken = TAKEN[source.kind]
    if "path" in taken and not source.path:
        yield "data.sources.path", f'a source of kind "{source.kind}" needs a path'
    blank = Source()
    for key in Source.__struct_fields__:
        if key not in (*taken, *_EVERY_KIND) and getattr(source, key) != getattr(blank, key):
            yield f"data.sources.{key}", f'a source of kind "{source.kind}" takes no {key}'
    if source.document in ("file", "line") and source.document_chars != blank.document_chars:
        yield "data.sources.document_chars", f'says nothing with document = "{source.document}"'


def _lengths(config: Config) -> Iterator[tuple[str, str]]:
    data = config.data
    if 0 < data.max_chars < data.min_chars:
        yield "data.max_chars", f"{data.max_chars} is below min_chars = {data.min_chars}: no document would be left"
    if 0 < data.near_duplicates < LEAST_SIMILARITY:
        yield (
            "data.near_duplicates",
            f"{data.near_duplicates:g} would drop documents that share little: {LEAST_SIMILARITY:g} to 1, or 0 for off",
        )


def _splits(config: Config) -> Iterator[tuple[str, str]]:
    if config.data.validation_fraction == 0.0:
        yield (
            "data.validation_fraction",
            "0 leaves nothing to evaluate on: evaluation and refinement need a validation split",
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
    if shape.architecture == "gpt2" and keys != heads:
        yield "model.num_key_value_heads", "gpt2 has keys and values for every attention head: leave this key out"
    elif heads % keys:
        yield "model.num_key_value_heads", f"{keys} does not divide num_attention_heads {heads}"


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


RULES: tuple[Rule, ...] = (_sources, _lengths, _splits, _pretrained, _shape, _adapters, _schedule)

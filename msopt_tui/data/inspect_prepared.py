"""Prepared data as the events that tell a person of it, whatever the task."""

from __future__ import annotations

from msopt_tui.config.schema import Config
from msopt_tui.data import vocabulary as vocabularies
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.inspection import (
    Background,
    Counted,
    Wholes,
    inspect_examples,
    inspect_stream,
    spread,
    wholes,
    without_bounds,
)
from msopt_tui.data.order import LengthOrder, RowOrder, padding_share
from msopt_tui.data.prepare import PreparedData
from msopt_tui.data.records.record import RECORDS
from msopt_tui.data.split import SPLITS
from msopt_tui.data.tokens import TokenStore
from msopt_tui.data.vocabulary import Vocabulary
from msopt_tui.protocol.data_events import DataInspected, DataPrepared

MEASURED_RECORDS = 1_000
"""Records whose uncut lengths are measured, where some were cut."""


def prepared_event(config: Config, prepared: PreparedData) -> DataPrepared:
    """The event that says that data is ready."""
    if isinstance(prepared.tables, TokenStore):
        length, share = config.data.max_length, learned_share(config)
        examples: dict[str, int] = {name: prepared.store[name].rows(length) for name in SPLITS}
        supervised = {name: round(count * length * share) for name, count in examples.items()}
    else:
        splits = prepared.meta.splits
        examples = {name: splits[name].examples for name in SPLITS}
        supervised = {name: splits[name].supervised for name in SPLITS}
    return DataPrepared(
        cached=prepared.cached,
        key=prepared.key,
        sha256=prepared.sha256,
        documents=prepared.documents,
        tokens=prepared.tokens,
        bytes=prepared.bytes,
        removed=prepared.removed,
        examples=examples,
        supervised=supervised,
        vocab_size=prepared.vocab_size,
        seconds=prepared.seconds,
    )


def inspect_prepared(config: Config, prepared: PreparedData) -> DataInspected:
    """The training split, looked at before a step is taken."""
    background = Background(prepared.reading.understood, prepared.changed, prepared.excerpts)
    vocabulary = vocabularies.load(prepared.tokenizer_dir, prepared.meta.family)
    if isinstance(prepared.tables, TokenStore):
        return inspect_stream(
            prepared.tables["train"],
            vocabulary.tokenizer,
            config.data.max_length,
            learned=learned_share(config),
            background=background,
        )
    examples, meta = prepared.tables["train"], prepared.meta.splits["train"]
    train, lengths = config.train, examples.row_lengths
    per_step = train.per_device_train_batch_size * train.gradient_accumulation_steps
    order = (
        LengthOrder(lengths, per_step, train.seed)
        if train.group_by_length
        else RowOrder(len(lengths), per_step, train.seed)
    )
    counted = Counted(
        supervised=meta.supervised,
        truncated=meta.truncated,
        unended=meta.unended,
        padding=padding_share(order, lengths),
        wholes=_uncut(config, prepared, vocabulary) if meta.truncated else None,
    )
    encoder = encoder_of(config, vocabulary, prepared.labels)
    return inspect_examples(examples, encoder, counted, background, examples.origin)


def _uncut(config: Config, prepared: PreparedData, vocabulary: Vocabulary) -> Wholes:
    """Lengths of a fair sample of the records if nothing were cut."""
    examples, kind = prepared.examples["train"], RECORDS[config.task.name]
    encoder = encoder_of(without_bounds(config), vocabulary, prepared.labels)
    return wholes(encoder, (examples.record(at, kind) for at in spread(examples.records, MEASURED_RECORDS)))


def learned_share(config: Config) -> float:
    """Share of the tokens of running text that the loss is taken over."""
    return config.task.mlm_probability if config.task.name == "masked-lm" else 1.0

"""What is about to be learned, looked at before a step is taken: lengths, cuts, missing ends, a few rows spelled out.

Encoding counted everything already; here it is put together for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from msopt_tui.config.schema import Config
from msopt_tui.data.encode.base import Encoder, Example
from msopt_tui.data.records.record import Record
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import TokenSplit
from msopt_tui.protocol.data_events import DataInspected
from msopt_tui.protocol.values import Histogram, Piece, PreviewRow

ROWS = 6
"""Examples that are spelled out."""
STREAM_ROWS = 3
"""Rows of running text that are: each is as good as another."""
BARS = 20
"""Bars of the histogram, at most."""
PIECE_CHARS = 600
"""A longer piece of a row is shown by its beginning and its end."""
ROW_PIECES = 40
"""Pieces of a row that are shown: a chat may have hundreds of turns."""
ROOM = 1 << 20
"""A bound in tokens that nothing reaches: the highest that a project file may set."""
SEARCHED = 1_000
"""Examples looked at for one that was cut or has no end."""

_ROWS = ("input_ids", "chosen_ids", "rejected_ids")
"""Columns that are rows of their own, each within `data.max_length`."""
_TARGETS = ("labels",)
Lengths = npt.NDArray[np.integer]


class Examples(Protocol):
    """The encoded examples of a split."""

    def __len__(self) -> int:
        """How many there are."""

    @property
    def lengths(self) -> Lengths:
        """Tokens of every example [examples]."""

    def example(self, index: int) -> Example:
        """One of them, by its place from 0."""


@dataclass(frozen=True, slots=True)
class Wholes:
    """How long examples would be if none were cut: of all of them or of a fair sample."""

    rows: Lengths
    """What `data.max_length` holds [examples]."""
    targets: Lengths
    """What `task.max_target_length` holds [examples]; empty without an encoder-decoder."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What encoding counted over all training examples."""

    supervised: int
    truncated: int = 0
    unended: int = 0
    padding: float = 0.0
    """Share of the positions in training rows that hold no token, as they are batched."""
    wholes: Wholes | None = None
    """`None` where nobody looked."""


@dataclass(frozen=True, slots=True)
class Background:
    """What reading and cleaning said."""

    shapes: Mapping[str, str] = field(default_factory=dict)
    """Source to how its rows were understood."""
    changed: Mapping[str, int] = field(default_factory=dict)
    removed_examples: Mapping[str, Sequence[str]] = field(default_factory=dict)


def inspect_examples(
    examples: Examples,
    encoder: Encoder,
    counted: Counted,
    background: Background | None = None,
    origin: Callable[[int], str] | None = None,
) -> DataInspected:
    """Look at the training examples of a task that learns from rows.

    `origin` names an example by its place for a person, such as `pairs.jsonl#12`; otherwise its number does.
    """
    named = origin or (lambda index: f"example {index + 1:,}")
    rows = [_row(named(index), examples.example(index), encoder) for index in chosen(examples, counted)]
    return _inspected(rows, examples.lengths, counted, background)


def inspect_stream(
    split: TokenSplit,
    words: Tokenizer,
    max_length: int,
    *,
    learned: float = 1.0,
    background: Background | None = None,
) -> DataInspected:
    """Look at running text as the rows of `max_length` tokens that are cut from it.

    `learned` is the share of the tokens that the loss is taken over. Below 1 (`task.mlm_probability`) which of them
    these are is drawn anew for every row, so that none is shown as learned.
    """
    count = split.rows(max_length)
    places = spread(count, STREAM_ROWS)
    ids = split.row_batch(np.array(places, dtype=np.int64), max_length)[:, :max_length]
    targets = round(max_length * learned)
    rows = [
        PreviewRow(
            origin=f"row {index + 1:,} of {count:,}",
            pieces=pieces([(words.decode(row.tolist(), skip_special_tokens=False), learned == 1.0)]),
            tokens=max_length,
            supervised=targets,
        )
        for index, row in zip(places, ids, strict=True)
    ]
    counted = Counted(supervised=round(count * max_length * learned))
    return _inspected(rows, np.full(count, max_length), counted, background)


def without_bounds(config: Config) -> Config:
    """The same project with room for everything: an encoder made of it cuts nothing."""
    return msgspec.structs.replace(
        config,
        data=msgspec.structs.replace(config.data, max_length=ROOM),
        task=msgspec.structs.replace(config.task, max_target_length=ROOM),
    )


def wholes(encoder: Encoder, records: Iterable[Record]) -> Wholes:
    """Lengths of what `encoder`, which cuts nothing, makes of records. A thousand say enough."""
    rows: list[int] = []
    targets: list[int] = []
    for examples in encoder.encode_many(records, Tally()):
        for example in examples:
            rows.append(max(len(example.columns[name]) for name in _ROWS if name in example.columns))
            targets += [len(example.columns[name]) for name in _TARGETS if name in example.columns]
    return Wholes(np.array(rows, np.int64), np.array(targets, np.int64))


def _inspected(
    rows: list[PreviewRow], lengths: Lengths, counted: Counted, background: Background | None
) -> DataInspected:
    known = background or Background()
    whole = counted.wholes
    return DataInspected(
        shapes=dict(known.shapes),
        rows=rows,
        examples=len(lengths),
        lengths=histogram(lengths),
        truncated=counted.truncated,
        length_for_99=length_for(whole.rows, 0.99) if whole is not None else 0,
        target_length_for_99=length_for(whole.targets, 0.99) if whole is not None else 0,
        unended=counted.unended,
        supervised=counted.supervised,
        padding=counted.padding,
        changed=dict(known.changed),
        removed_examples={what: list(texts) for what, texts in known.removed_examples.items()},
    )


def chosen(examples: Examples, counted: Counted) -> list[int]:
    """Places of the examples to show: spread evenly; one that was cut and one without an end among them if need be."""
    places = spread(len(examples), ROWS)
    wanted: list[tuple[int, Callable[[Example], bool]]] = [
        (counted.truncated, lambda example: example.truncated),
        (counted.unended, lambda example: not example.ended),
    ]
    for count, is_such in wanted:
        if count and not any(is_such(examples.example(place)) for place in places):
            found = next((at for at in spread(len(examples), SEARCHED) if is_such(examples.example(at))), None)
            places += [found] if found is not None else []
    return places


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` places out of `count`, the first of them 0, as far apart as can be."""
    shown = min(count, wanted)
    return [count * number // shown for number in range(shown)]


def _row(origin: str, example: Example, encoder: Encoder) -> PreviewRow:
    return PreviewRow(
        origin=origin,
        pieces=pieces(encoder.spell(example)),
        tokens=example.length,
        supervised=example.supervised,
        truncated=example.truncated,
        ended=example.ended,
    )


def pieces(spelled: Iterable[tuple[str, bool]]) -> list[Piece]:
    """Neighbours of one kind together, what is long shortened in the middle, what is too much counted."""
    joined: list[tuple[list[str], bool]] = []
    for text, supervised in spelled:
        if joined and joined[-1][1] == supervised:
            joined[-1][0].append(text)
        elif text:
            joined.append(([text], supervised))
    shown = [Piece(_shortened("".join(texts)), supervised) for texts, supervised in joined[:ROW_PIECES]]
    left_out = len(joined) - len(shown)
    return [*shown, Piece(f" ⋯ {left_out:,} more pieces ⋯", False)] if left_out else shown


def _shortened(text: str) -> str:
    if len(text) <= PIECE_CHARS:
        return text
    half = PIECE_CHARS // 2
    return f"{text[:half]} ⋯ {len(text) - 2 * half:,} characters ⋯ {text[-half:]}"


def histogram(lengths: Lengths) -> Histogram:
    """At most `BARS` bars over what there is, their bounds multiples of 1, 2 or 5 times a power of ten."""
    if not len(lengths):
        return Histogram(edges=[0], counts=[])
    low, high = int(lengths.min()), int(lengths.max())
    step = _step(low, high)
    edges = list(range(low // step * step, (high // step + 1) * step + 1, step))
    bars = np.bincount((lengths.astype(np.int64) - edges[0]) // step, minlength=len(edges) - 1)
    return Histogram(edges=edges, counts=bars.tolist())


def _step(low: int, high: int) -> int:
    """The smallest 1, 2 or 5 times a power of ten that needs no more than `BARS` bars."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            step = factor * power
            if high // step - low // step < BARS:
                return step
        power *= 10


def length_for(lengths: Lengths, share: float) -> int:
    """The least length (tokens) that holds this share of the examples whole, rounded up to a handy multiple of 8."""
    if not len(lengths):
        return 0
    exact = int(np.quantile(lengths, share, method="higher"))
    unit = next(unit for bound, unit in ((128, 8), (1_024, 64), (1 << 62, 256)) if exact <= bound)
    return -(-exact // unit) * unit

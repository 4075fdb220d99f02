"""The validations of a run: the latest as they came, the older ones as lines of the journal.

Fifty thousand of them with seventeen metrics each would else be a million boxed floats in fifty thousand dictionaries:
three times the memory, a good part of a second to make, and as long to hand to another process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, Literal, overload

import msgspec
from msgspec import UNSET

from msopt_tui.protocol.evaluation_events import Evaluated
from msopt_tui.protocol.values import Number

BLOCK = 512
"""So many are packed together, when twice as many have come."""

_encode = msgspec.json.Encoder().encode


class Head(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="Evaluated"):
    """What of an `Evaluated` has to be known at once; its figures, the most of it, are skipped."""

    time: float
    step: int
    split: Literal["validation", "test"]
    reason: str
    seconds: float
    best: bool = False


class EvaluationLines(Sequence[Evaluated]):
    """Evaluations that came one after the other, as lines of a journal."""

    def __init__(self, heads: Sequence[Head], lines: Sequence[bytes]) -> None:
        self.heads = heads
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, index: int) -> Evaluated: ...

    @overload
    def __getitem__(self, index: slice) -> EvaluationLines: ...

    def __getitem__(self, index: int | slice) -> Evaluated | EvaluationLines:
        if isinstance(index, slice):
            return EvaluationLines(self.heads[index], self.lines[index])
        return _whole(self.lines[index])


class Evaluations(Sequence[Evaluated]):
    """In the order they came; those of equal content are equal, not the same."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._recent: list[Evaluated | bytes] = []
        self._names: dict[str, None] = {}
        self._named = 0
        """Blocks whose metrics are in `_names`."""
        self._open: tuple[int, list[Evaluated]] = -1, []
        """The block that was unpacked last: whoever asks for one asks for its neighbours too."""
        self.generation = 0
        """Changes when some were dropped; while it stays, they were only added."""

    def extend(self, events: Sequence[Evaluated]) -> None:
        """More of them."""
        self._recent += events.lines if isinstance(events, EvaluationLines) else events
        packed = 0
        while len(self._recent) - packed >= 2 * BLOCK:
            block = self._recent[packed : packed + BLOCK]
            self._blocks.append(b"\n".join(map(_packed, block)))
            packed += BLOCK
        del self._recent[:packed]

    def forget_after(self, step: int) -> None:
        """Drop what a resumed run will do again."""
        kept = [one for one in self if one.step <= step]
        if len(kept) == len(self):
            return
        self._blocks.clear()
        self._recent.clear()
        self._names.clear()
        self._named = 0
        self._open = -1, []
        self.extend(kept)
        self.generation += 1

    def names(self) -> list[str]:
        """Every metric that was measured, in the order it was first seen."""
        for block in self._blocks[self._named :]:
            for one in _names_decoder().decode_lines(block):
                self._names |= dict.fromkeys(one.metrics)
        self._named = len(self._blocks)
        recent = (name for one in self._recent for name in _whole(one).metrics)
        return list(self._names | dict.fromkeys(recent))

    def points(self, name: str, begin: int = 0) -> Iterator[list[tuple[int, Number]]]:
        """Step and value of a metric in the evaluations from the `begin`th on that have it, in stretches."""
        for at in range(begin // BLOCK, len(self._blocks)):
            block = islice(_decoder_of(name).decode_lines(self._blocks[at]), max(begin - at * BLOCK, 0), None)
            yield [(one.step, value) for one in block if (value := one.metrics.value) is not UNSET]
        recent = map(_whole, islice(self._recent, max(begin - len(self._blocks) * BLOCK, 0), None))
        yield [(one.step, one.metrics[name]) for one in recent if name in one.metrics]

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + len(self._recent)

    @overload
    def __getitem__(self, index: int) -> Evaluated: ...

    @overload
    def __getitem__(self, index: slice) -> list[Evaluated]: ...

    def __getitem__(self, index: int | slice) -> Evaluated | list[Evaluated]:
        if isinstance(index, slice):
            return [self._at(at) for at in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        return self._at(at)

    def _at(self, at: int) -> Evaluated:
        block, place = divmod(at, BLOCK)
        if block >= len(self._blocks):
            return _whole(self._recent[at - len(self._blocks) * BLOCK])
        if block != self._open[0]:
            self._open = block, _decoder().decode_lines(self._blocks[block])
        return self._open[1][place]

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_recent": [*map(_packed, self._recent)], "_open": (-1, [])}


def _packed(one: Evaluated | bytes) -> bytes:
    return one if isinstance(one, bytes) else _encode(one)


def _whole(one: Evaluated | bytes) -> Evaluated:
    return _decoder().decode(one) if isinstance(one, bytes) else one


@cache
def _decoder() -> msgspec.json.Decoder[Evaluated]:
    return msgspec.json.Decoder(Evaluated)


@cache
def _names_decoder() -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("_Named", [("metrics", dict[str, msgspec.Raw])]))


@cache
def _decoder_of(name: str) -> msgspec.json.Decoder[Any]:
    """Unpacks step and one metric only: the others are skipped, not made."""
    fields = [("value", Number | msgspec.UnsetType, UNSET)]
    metrics = msgspec.defstruct("_Metrics", fields, rename={"value": name}, gc=False)
    return msgspec.json.Decoder(msgspec.defstruct("_One", [("step", int), ("metrics", metrics)]))

"""The validations of a run: the latest as they came, the older ones packed.

Fifty thousand of them with seventeen metrics each would else be a million boxed floats in fifty thousand dictionaries:
three times the memory, and a hundred times the time to hand them to another process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, overload

import msgspec

from msopt_tui.protocol.evaluation_events import Evaluated
from msopt_tui.protocol.values import Number

BLOCK = 512
"""So many are packed together, when twice as many have come."""

_encode = msgspec.msgpack.encode


class Evaluations(Sequence[Evaluated]):
    """In the order they came; those of equal content are equal, not the same."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._recent: list[Evaluated] = []
        self._names: dict[str, None] = {}
        self._open: tuple[int, list[Evaluated]] = -1, []
        """The block that was unpacked last: whoever asks for one asks for its neighbours too."""
        self.generation = 0
        """Changes when some were dropped; while it stays, they were only added."""

    def append(self, event: Evaluated) -> None:
        """One more."""
        if not self._recent or event.metrics.keys() != self._recent[-1].metrics.keys():
            self._names |= dict.fromkeys(event.metrics)
        self._recent.append(event)
        if len(self._recent) == 2 * BLOCK:
            self._blocks.append(_encode(self._recent[:BLOCK]))
            del self._recent[:BLOCK]

    def forget_after(self, step: int) -> None:
        """Drop what a resumed run will do again."""
        kept = [one for one in self if one.step <= step]
        if len(kept) == len(self):
            return
        self._blocks.clear()
        self._recent.clear()
        self._names.clear()
        self._open = -1, []
        for one in kept:
            self.append(one)
        self.generation += 1

    @property
    def names(self) -> Sequence[str]:
        """Every metric that was measured, in the order it was first seen."""
        return list(self._names)

    def points(self, name: str, begin: int = 0) -> Iterator[tuple[int, Number]]:
        """Step and value of a metric in the evaluations from the `begin`th on that have it."""
        packed = len(self._blocks) * BLOCK
        for at in range(begin // BLOCK, len(self._blocks)):
            for one in islice(_decoder_of(name).decode(self._blocks[at]), max(begin - at * BLOCK, 0), None):
                if one.metrics.value is not msgspec.UNSET:
                    yield one.step, one.metrics.value
        for event in self._recent[max(begin - packed, 0) :]:
            if name in event.metrics:
                yield event.step, event.metrics[name]

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
            return self._recent[at - len(self._blocks) * BLOCK]
        if block != self._open[0]:
            self._open = block, _decoder().decode(self._blocks[block])
        return self._open[1][place]

    def __getstate__(self) -> tuple[object, ...]:
        return self._blocks, _encode(self._recent), self._names, self.generation

    def __setstate__(self, kept: tuple[Any, ...]) -> None:
        self._blocks, recent, self._names, self.generation = kept
        self._recent = _decoder().decode(recent)
        self._open = -1, []


@cache
def _decoder() -> msgspec.msgpack.Decoder[list[Evaluated]]:
    return msgspec.msgpack.Decoder(list[Evaluated])


@cache
def _decoder_of(name: str) -> msgspec.msgpack.Decoder[list[Any]]:
    """Unpacks step and one metric only: the others are skipped, not made."""
    fields = [("value", Number | msgspec.UnsetType, msgspec.UNSET)]
    metrics = msgspec.defstruct("_Metrics", fields, rename={"value": name}, gc=False)
    return msgspec.msgpack.Decoder(list[msgspec.defstruct("_One", [("step", int), ("metrics", metrics)])])  # type: ignore[misc]  # made at run time

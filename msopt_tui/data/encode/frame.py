"""`Frame`: the special tokens that a tokenizer puts around one text or two, and the types that it gives the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from tokenizers import Tokenizer

from msopt_tui.data.errors import DataError

_PROBE = "a"


class Slot(NamedTuple):
    """A special token, or the place of a text."""

    text: int | None
    """Which text stands here; `None` for a special token."""
    token: int
    """The special token; 0 for a text."""
    type_id: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands where."""

    slots: tuple[Slot, ...]

    @property
    def extra(self) -> int:
        """How many special tokens there are."""
        return sum(slot.text is None for slot in self.slots)

    @property
    def typed(self) -> bool:
        """Whether tokens are told apart by type."""
        return any(slot.type_id for slot in self.slots)

    def lay(self, *texts: Sequence[int]) -> tuple[list[int], list[int]]:
        """The texts' tokens in their places, and the type of each token."""
        ids: list[int] = []
        types: list[int] = []
        for slot in self.slots:
            piece = [slot.token] if slot.text is None else texts[slot.text]
            ids += piece
            types += [slot.type_id] * len(piece)
        return ids, types

    def start(self, text: int, *texts: Sequence[int]) -> int:
        """Where the tokens of a text begin."""
        place = [slot.text for slot in self.slots].index(text)
        return sum(1 if slot.text is None else len(texts[slot.text]) for slot in self.slots[:place])


def frame(tokenizer: Tokenizer, texts: int) -> Frame:
    """The frame that a tokenizer puts around one text or two, seen from what it does with them. Raises DataError."""
    coded = tokenizer.encode(_PROBE, _PROBE if texts > 1 else None)
    tokens = zip(coded.sequence_ids, coded.ids, coded.type_ids, strict=True)
    slots: list[Slot] = []
    for text, run in groupby(tokens, key=lambda token: token[0]):
        found = list(run)
        if text is None:
            slots += [Slot(None, token, type_id) for _, token, type_id in found]
        else:
            slots.append(Slot(text, 0, found[0][2]))
    if sorted(slot.text for slot in slots if slot.text is not None) != list(range(texts)):
        raise DataError(f"the tokenizer has no way to put {texts} texts in one row: its post-processor leaves one out")
    return Frame(tuple(slots))


def plain_frame(begin: Sequence[int], between: Sequence[int], end: int, texts: int) -> Frame:
    """One for causal models: `begin a end`, or `begin a between b end`."""
    first = [*(Slot(None, token, 0) for token in begin), Slot(0, 0, 0)]
    second = [*(Slot(None, token, 0) for token in between), Slot(1, 0, 0)] if texts > 1 else []
    return Frame((*first, *second, Slot(None, end, 0)))

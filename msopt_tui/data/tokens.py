"""`TokenStore`: the tokens of every split as a memory map, and the rows that are cut from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from msopt_tui.data.meta import Meta, SplitMeta
from msopt_tui.data.split import SPLITS, SplitName

Ids = npt.NDArray[np.unsignedinteger]
Rows = npt.NDArray[np.int64]


def rows_in(tokens: int, max_length: int) -> int:
    """Full rows of `max_length` inputs, each with a next token to predict, that `tokens` tokens give."""
    return max(0, (tokens - 1) // max_length)


def dtype_for(vocab_size: int) -> str:
    """The smallest little-endian type that holds every id: two bytes up to 65,536 tokens, else four."""
    return "<u2" if vocab_size <= 1 << 16 else "<u4"


class TokenSplit:
    """The tokens of one split: its documents one after the other, each followed by the end-of-text token."""

    def __init__(self, ids: Ids, meta: SplitMeta) -> None:
        self.ids = ids
        """All tokens [tokens], read-only."""
        self.meta = meta
        self._views: dict[int, Ids] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, max_length: int) -> int:
        """How many full rows there are at offset 0."""
        return rows_in(len(self.ids), max_length)

    def row_batch(self, row_indices: Rows, max_length: int, offset: int = 0) -> Rows:
        """Rows by index [n] as token ids [n, max_length + 1]; a row's last token is the next one's first."""
        return self.windows(row_indices * max_length + offset, max_length + 1)

    def windows(self, starts: Rows, length: int) -> Rows:
        """`length` tokens from every start [n] as ids [n, length]; past the end it goes on at the beginning.

        Both ends meet at a document boundary, because the last token ends a text.
        """
        if starts.max(initial=0) + length > len(self.ids):
            return self.ids.take(starts[:, None] + np.arange(length), mode="wrap").astype(np.int64)
        view = self._views.get(length)
        if view is None:
            view = self._views[length] = sliding_window_view(self.ids, length)
        # Whole rows are copied at once here, which is three times as fast as looking up every token.
        return view[starts].astype(np.int64)

    def tail(self, max_length: int) -> Rows:
        """The tokens after the last full row [up to max_length], the first of them still to be fed, not predicted.

        Fewer than two tokens mean that every token was a target of a full row.
        """
        return self.ids[self.rows(max_length) * max_length :].astype(np.int64)


class TokenStore:
    """Prepared tokens of all splits, opened read-only."""

    def __init__(self, directory: Path, meta: Meta) -> None:
        self.directory = directory
        self.meta = meta
        self._splits: dict[SplitName, TokenSplit] = {}
        for name in SPLITS:
            path = directory / f"{name}.bin"
            # A map of no bytes is an error, an empty test split is not.
            empty = meta.splits[name].tokens == 0
            ids = np.zeros(0, meta.dtype) if empty else np.memmap(path, meta.dtype, mode="r")
            self._splits[name] = TokenSplit(np.asarray(ids), meta.splits[name])

    def __getitem__(self, split: SplitName) -> TokenSplit:
        return self._splits[split]

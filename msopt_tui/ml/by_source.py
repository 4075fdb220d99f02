"""Loss by source while a split is passed over: every target counts for the source whose document it stands in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch

from msopt_tui.data.by_source import bounds, sums
from msopt_tui.data.meta import SplitMeta


def means(losses: Sequence[float], targets: Sequence[float]) -> list[float | None]:
    """Mean loss of each source from its sum and its number of targets; `None` without any, or not finite."""
    pairs = zip(losses, targets, strict=True)
    return [loss / count if count and math.isfinite(loss) else None for loss, count in pairs]


def of_examples(split: SplitMeta, losses: Sequence[float], targets: Sequence[int]) -> list[float | None]:
    """The same from summed losses and targets of every example, in the split's order; empty for a single source."""
    counts = [source.examples for source in split.by_source]
    return means(sums(losses, counts), sums(targets, counts))


class StreamBySource:
    """Sums over a stream of tokens whose sources follow one another. They stay on the device until `means` is asked."""

    def __init__(self, split: SplitMeta) -> None:
        self._edges = bounds([source.tokens for source in split.by_source]).tolist() if split.by_source else []
        self._losses: list[list[torch.Tensor]] = [[] for _ in split.by_source]
        self._counts: list[list[torch.Tensor]] = [[] for _ in split.by_source]

    def add(self, first: int, losses: torch.Tensor, counted: torch.Tensor) -> None:
        """Losses of consecutive tokens [tokens], the first of them at `first` in the stream; `counted` [tokens] says
        which of them are targets. What lies behind the end of the stream is padding."""
        for source, (begin, end) in enumerate(pairwise(self._edges)):
            part = slice(max(begin - first, 0), max(end - first, 0))
            if part.start < min(part.stop, len(losses)):
                wide = torch.float32 if losses.device.type == "mps" else torch.float64
                self._losses[source].append(losses[part].sum(dtype=wide))
                self._counts[source].append(counted[part].sum())

    def means(self) -> list[float | None]:
        """Mean loss of each source; empty for a single one."""
        losses, counts = ([_total(parts) for parts in table] for table in (self._losses, self._counts))
        return means(losses, counts)


def _total(parts: list[torch.Tensor]) -> float:
    return math.fsum(torch.stack(parts).tolist()) if parts else 0.0

"""Running text as one stream of tokens a split: documents one after the other, what stands between them in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.corpus import Corpus
from msopt_tui.data.meta import SplitMeta
from msopt_tui.data.split import SPLITS, Splits
from msopt_tui.data.tokens import dtype_for
from msopt_tui.data.vocabulary import Vocabulary

if TYPE_CHECKING:
    from msopt_tui.data.build import Check, Progress


@dataclass(frozen=True, slots=True)
class Written:
    """What was made of the splits."""

    splits: dict[str, SplitMeta]
    columns: dict[str, str] = field(default_factory=dict)
    """Of examples: column to NumPy type."""
    labels: list[str] = field(default_factory=list)
    """Classes by their number."""


def write(
    directory: Path, corpus: Corpus, splits: Splits, vocabulary: Vocabulary, progress: Progress, check: Check
) -> Written:
    """Write `<split>.bin` for every split."""
    characters = {name: int(corpus.characters[splits[name]].sum()) for name in SPLITS}
    total = sum(characters.values())
    dtype = dtype_for(vocabulary.size)
    done = 0
    sizes: dict[str, SplitMeta] = {}
    for name in SPLITS:
        documents = splits[name]
        texts = corpus.texts(documents.tolist())
        tokens = 0
        with (directory / f"{name}.bin").open("wb") as file:
            for ids, chars in bpe.encode(vocabulary.tokenizer, texts, between=vocabulary.between):
                check()
                file.write(ids.astype(dtype).tobytes())
                tokens += len(ids)
                done += chars
                progress(done, total, "characters", f"tokenising the {name} split")
        sizes[name] = SplitMeta(len(documents), characters[name], int(corpus.sizes[documents].sum()), tokens)
    return Written(sizes)

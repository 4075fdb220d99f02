"""Running text as one stream of tokens a split: documents one after the other, what stands between them in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.by_source import together
from msopt_tui.data.corpus import Corpus
from msopt_tui.data.meta import SourceMeta, SplitMeta
from msopt_tui.data.split import SPLITS, Splits
from msopt_tui.data.tokens import dtype_for
from msopt_tui.data.vocabulary import Vocabulary

if TYPE_CHECKING:
    from msopt_tui.data.watch import Check, Progress


@dataclass(frozen=True, slots=True)
class Written:
    """What was made of the splits."""

    splits: dict[str, SplitMeta]
    columns: dict[str, str] = field(default_factory=dict)
    """Of examples: column to NumPy type."""
    labels: list[str] = field(default_factory=list)
    """Classes by their number."""


def write(
    directory: Path,
    corpus: Corpus,
    splits: Splits,
    sources: int,
    vocabulary: Vocabulary,
    progress: Progress,
    check: Check,
) -> Written:
    """Write `<split>.bin` for every split, the documents of each of so many sources together."""
    characters = {name: int(corpus.characters[splits[name]].sum()) for name in SPLITS}
    total = sum(characters.values())
    dtype = dtype_for(vocabulary.size)
    done = 0
    sizes: dict[str, SplitMeta] = {}
    for name in SPLITS:
        documents = splits[name]
        tokens = [0] * sources
        with (directory / f"{name}.bin").open("wb") as file:
            for number, part in enumerate(together(corpus, documents, sources)):
                texts = corpus.texts(part.tolist())
                for ids, chars in bpe.encode(vocabulary.tokenizer, texts, between=vocabulary.between):
                    check()
                    file.write(ids.astype(dtype).tobytes())
                    tokens[number] += len(ids)
                    done += chars
                    progress(done, total, "characters", f"tokenising the {name} split")
        sizes[name] = SplitMeta(
            documents=len(documents),
            characters=characters[name],
            bytes=int(corpus.sizes[documents].sum()),
            tokens=sum(tokens),
            by_source=[SourceMeta(count) for count in tokens] if sources > 1 else [],
        )
    return Written(sizes)

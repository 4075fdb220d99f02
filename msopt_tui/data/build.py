"""Raw documents to a prepared directory: clean, split, mix, train the tokenizer, tokenise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from msopt_tui.config.schema import Config
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.cache import describe_file
from msopt_tui.data.clean import Cleaner
from msopt_tui.data.corpus import Corpus, Indices
from msopt_tui.data.errors import DataError
from msopt_tui.data.language import LanguageFilter
from msopt_tui.data.leakage import drop_leaks
from msopt_tui.data.meta import Meta, SplitMeta
from msopt_tui.data.mix import weigh
from msopt_tui.data.near import LEAKAGE_THRESHOLD, drop_near_duplicates
from msopt_tui.data.pretrained import OwnTokenizer
from msopt_tui.data.readings import Reading
from msopt_tui.data.split import SPLITS, SplitName, split
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import dtype_for

Progress = Callable[[int, int, str, str], None]
"""Hears (done, total, unit, detail); total is 0 where the end is not known. Called often: the caller thins it out."""
Check = Callable[[], None]
"""Called often; what it raises ends the work."""
Splits = dict[SplitName, Indices]
"""Which documents of a corpus are in which split, and in which order."""

TOKENIZER_DIR = "tokenizer"


@dataclass(frozen=True, slots=True)
class _Words:
    """What text is tokenised with."""

    tokenizer: Tokenizer
    size: int
    """Tokens in the vocabulary."""
    end: int
    between: Sequence[int]
    """What stands after every text."""


def build(
    directory: Path,
    raw: Corpus,
    reading: Reading,
    key: str,
    config: Config,
    own: OwnTokenizer | None,
    progress: Progress,
    check: Check,
) -> Meta:
    """Fill `directory` from raw documents; returns what is in it. Raises DataError where they give no split.

    `own` is the tokenizer of a pretrained model; without it one is trained. Closes `raw` when nothing more is needed
    of it.
    """
    with Corpus(directory, config.data.split_seed) as corpus:
        tally = _clean(raw, corpus, config, progress, check)
        raw.close()
        splits = _split(corpus, config, tally, progress, check)
        if own:
            own.install(directory / TOKENIZER_DIR)
            words = _Words(own.tokenizer, own.vocab_size, own.end, own.between)
        else:
            words = _train_tokenizer(corpus, splits["train"], config, progress, check)
            bpe.save(words.tokenizer, directory / TOKENIZER_DIR)
        sizes = _write_splits(directory, corpus, splits, words, progress, check)
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return Meta(
        key=key,
        sha256=reading.sha256,
        raw_characters=reading.characters,
        vocab_size=words.size,
        dtype=dtype_for(words.size),
        end_of_text=words.end,
        splits=sizes,
        removed=dict(tally.removed),
        changed=dict(tally.changed),
        examples=tally.examples,
        files={path.relative_to(directory).as_posix(): describe_file(path) for path in files},
    )


def _clean(raw: Corpus, corpus: Corpus, config: Config, progress: Progress, check: Check) -> Tally:
    """Fill `corpus` with what cleaning leaves of `raw`; says what it did."""
    data = config.data
    languages = LanguageFilter(data.languages) if data.languages else None
    cleaner = Cleaner(data.deduplicate, data.min_chars, data.max_chars, languages)
    source_of = raw.sources.tolist()
    for number, source in enumerate(source_of):
        check()
        document = cleaner.clean(raw.document(number))
        if document:
            corpus.add(document, source)
        progress(number + 1, len(raw), "documents", "cleaning")
    return cleaner.tally


def _split(corpus: Corpus, config: Config, tally: Tally, progress: Progress, check: Check) -> Splits:
    """Near duplicates out, splits drawn, leaks out of the train split, sources mixed."""
    data = config.data
    kept = np.arange(len(corpus))

    def comparing(total: int, what: str) -> Callable[[int], None]:
        def each(done: int) -> None:
            check()
            progress(done, total, "documents", f"comparing {what}")

        return each

    if data.near_duplicates:
        each = comparing(len(corpus), "all documents")
        kept = drop_near_duplicates(corpus, data.near_duplicates, tally, each)
    dropped = f" (cleaning dropped {tally.summary()})" if tally.removed else ""
    if not len(kept):
        raise DataError(f"no text is left to learn from{dropped}: check data.sources and the bounds in [data]")
    try:
        places = split(corpus.digests[kept], corpus.characters[kept], data.validation_fraction, data.test_fraction)
    except DataError as error:
        raise DataError(f"{error}{dropped}") from error
    splits = {name: kept[chosen] for name, chosen in places.items()}
    if data.leakage != "off":
        train = splits["train"]
        held_out = [*splits["validation"].tolist(), *splits["test"].tolist()]
        # What was compared with every document before is not compared with some of them again.
        threshold = 0.0 if data.near_duplicates else LEAKAGE_THRESHOLD
        paragraphs = data.leakage == "paragraph" and data.deduplicate != "paragraph"
        each = comparing(len(train), "the train split with the others")
        splits["train"] = drop_leaks(corpus, train, held_out, threshold, paragraphs, tally, each)
        if not len(splits["train"]):
            raise DataError(f"nothing is left to train on: all of it stands in validation or test{dropped}")
    weights = [source.weight for source in data.sources]
    if any(weights):
        splits["train"] = weigh(corpus, splits["train"], weights, data.split_seed, tally)
    return splits


def _train_tokenizer(corpus: Corpus, documents: Indices, config: Config, progress: Progress, check: Check) -> _Words:
    """On the training split only, so that nothing about the other splits is known beforehand."""
    total = int(corpus.characters[documents].sum())
    texts = corpus.texts(documents.tolist())
    pieces = (piece for text in texts for piece in bpe.pieces(text, bpe.TRAINING_PIECE_CHARS))
    stride = -(-total // bpe.TRAINING_CHARS)
    used = f" (one part in {stride})" if stride > 1 else ""

    def chosen() -> Iterator[str]:
        done = 0
        for index, piece in enumerate(pieces):
            done += len(piece)
            if index % stride == 0:
                check()
                progress(done, total, "characters", f"counting words for the tokenizer{used}")
                yield piece
        progress(total, total, "characters", "merging pairs for the tokenizer")

    tokenizer = bpe.train(chosen(), config.tokenizer.vocab_size, config.tokenizer.min_frequency)
    check()
    end = bpe.end_of_text(tokenizer)
    return _Words(tokenizer, tokenizer.get_vocab_size(), end, (end,))


def _write_splits(
    directory: Path, corpus: Corpus, splits: Splits, words: _Words, progress: Progress, check: Check
) -> dict[str, SplitMeta]:
    characters = {name: int(corpus.characters[splits[name]].sum()) for name in SPLITS}
    total = sum(characters.values())
    dtype = dtype_for(words.size)
    done = 0
    sizes: dict[str, SplitMeta] = {}
    for name in SPLITS:
        documents = splits[name]
        texts = corpus.texts(documents.tolist())
        tokens = 0
        with (directory / f"{name}.bin").open("wb") as file:
            for ids, chars in bpe.encode(words.tokenizer, texts, between=words.between):
                check()
                file.write(ids.astype(dtype).tobytes())
                tokens += len(ids)
                done += chars
                progress(done, total, "characters", f"tokenising the {name} split")
        sizes[name] = SplitMeta(len(documents), characters[name], int(corpus.sizes[documents].sum()), tokens)
    return sizes

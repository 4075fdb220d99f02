"""Raw documents to a prepared directory: clean, split, mix, train the tokenizer, tokenise or encode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from msopt_tui.config.schema import Config
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data import vocabulary as vocabularies
from msopt_tui.data import write_examples, write_stream
from msopt_tui.data.cache import describe_file
from msopt_tui.data.clean import Cleaner
from msopt_tui.data.corpus import Corpus, Indices
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.family import Family
from msopt_tui.data.language import LanguageFilter
from msopt_tui.data.leakage import drop_equal, drop_leaks
from msopt_tui.data.meta import FileMeta, Meta
from msopt_tui.data.mix import weigh
from msopt_tui.data.near import LEAKAGE_THRESHOLD, drop_near_duplicates
from msopt_tui.data.pretrained import OwnTokenizer
from msopt_tui.data.readings import Reading
from msopt_tui.data.records.clean import RecordCleaner, comparable
from msopt_tui.data.records.clean import texts as texts_of
from msopt_tui.data.records.record import RECORDS, Record, decode, encode
from msopt_tui.data.split import SPLITS, SplitName, Splits, split
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import dtype_for
from msopt_tui.data.vocabulary import Vocabulary
from msopt_tui.data.watch import Check, Progress

TOKENIZER_DIR = "tokenizer"
Comparing = Callable[[int, str], Callable[[int], None]]
"""For so many documents of something: what hears how many of them are done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made of the raw documents, and how."""

    config: Config
    family: Family
    own: OwnTokenizer | None
    """The tokenizer of a pretrained model; without it one is trained."""

    @property
    def kind(self) -> type[Record] | None:
        """What the documents are records of; `None` for running text."""
        return RECORDS.get(self.config.task.name)


def build(
    directory: Path, raw: Corpus, reading: Reading, key: str, plan: Plan, progress: Progress, check: Check
) -> Meta:
    """Fill `directory` from raw documents; returns what is in it. Raises DataError where they give no split.

    Closes `raw` when nothing more is needed of it.
    """
    config, kind = plan.config, plan.kind
    with Corpus(directory, config.data.split_seed) as corpus:
        tally = _clean(raw, corpus, plan, progress, check)
        raw.close()
        splits = _split(corpus, plan, tally, progress, check)
        vocabulary = _vocabulary(directory, corpus, splits["train"], plan, progress, check)
        if kind is None:
            sources = len(config.data.sources)
            made = write_stream.write(directory, corpus, splits, sources, vocabulary, progress, check)
        else:
            made = write_examples.write(directory, corpus, splits, kind, vocabulary, config, tally, progress, check)
    files = _described(directory, progress, check)
    return Meta(
        key=key,
        sha256=reading.sha256,
        raw_characters=reading.characters,
        vocab_size=vocabulary.size,
        dtype=dtype_for(vocabulary.size),
        end_of_text=vocabulary.end,
        splits=made.splits,
        removed=dict(tally.removed),
        changed=dict(tally.changed),
        examples=tally.examples,
        files=files,
        family=plan.family,
        columns=made.columns,
        labels=made.labels,
    )


def _described(directory: Path, progress: Progress, check: Check) -> dict[str, FileMeta]:
    """Size and hash of every file."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    total = sum(path.stat().st_size for path in paths)
    files, done = dict[str, FileMeta](), 0
    for path in paths:
        check()
        progress(done, total, "bytes", "hashing what was written")
        found = files[path.relative_to(directory).as_posix()] = describe_file(path)
        done += found.bytes
    progress(0, 0, "", "waiting for the disk")
    return files


def _clean(raw: Corpus, corpus: Corpus, plan: Plan, progress: Progress, check: Check) -> Tally:
    """Fill `corpus` with what cleaning leaves of `raw`; says what it did."""
    clean, tally = _cleaner(plan)
    source_of = raw.sources.tolist()
    for number, source in enumerate(source_of):
        check()
        document, group = clean(raw.document(number))
        if document:
            corpus.add(document, source, group)
        progress(number + 1, len(raw), "documents", "cleaning")
    return tally


def _cleaner(plan: Plan) -> tuple[Callable[[Document], tuple[Document | None, str]], Tally]:
    """What cleans one document and says its group; and where it counts."""
    data, kind = plan.config.data, plan.kind
    languages = LanguageFilter(data.languages) if data.languages else None
    if kind is None:
        texts = Cleaner(data.deduplicate, data.min_chars, data.max_chars, languages)
        return lambda document: (texts.clean(document), ""), texts.tally
    records = RecordCleaner(data.deduplicate, data.min_chars, data.max_chars, languages)

    def clean(document: Document) -> tuple[Document | None, str]:
        record = records.clean(decode(kind, document.text), document.label)
        if record is None:
            return None, ""
        return Document(encode(record), document.origin, document.part), record.group

    return clean, records.tally


def _split(corpus: Corpus, plan: Plan, tally: Tally, progress: Progress, check: Check) -> Splits:
    """Near duplicates out, splits drawn or as given, leaks out of the train split, sources mixed."""
    data, kind = plan.config.data, plan.kind
    kept = np.arange(len(corpus))
    if kind is not None:
        corpus.compare_by(lambda text: comparable(decode(kind, text)))

    def comparing(total: int, what: str) -> Callable[[int], None]:
        def each(done: int) -> None:
            check()
            progress(done, total, "documents", what)

        return each

    if data.near_duplicates:
        each = comparing(len(corpus), "comparing all documents")
        kept = drop_near_duplicates(corpus, data.near_duplicates, tally, each)
    dropped = f" (cleaning dropped {tally.summary()})" if tally.removed else ""
    if not len(kept):
        raise DataError(f"no text is left to learn from{dropped}: check data.sources and the bounds in [data]")
    try:
        splits = _placed(corpus, kept, plan.config)
    except DataError as error:
        raise DataError(f"{error}{dropped}") from error
    if data.leakage != "off":
        _drop_leaks(corpus, splits, plan, tally, comparing)
        if not len(splits["train"]):
            raise DataError(f"nothing is left to train on: all of it stands in validation or test{dropped}")
    weights = [source.weight for source in data.sources]
    if any(weights):
        splits["train"] = weigh(corpus, splits["train"], weights, data.split_seed, tally)
    return splits


def _drop_leaks(corpus: Corpus, splits: Splits, plan: Plan, tally: Tally, comparing: Comparing) -> None:
    data = plan.config.data
    held_out = [*splits["validation"].tolist(), *splits["test"].tolist()]
    if plan.kind is not None:
        each = comparing(len(splits["train"]), "comparing rows of the train split with the others")
        splits["train"] = drop_equal(corpus, splits["train"], held_out, tally, each)
    # What was compared with every document before is not compared with some of them again.
    threshold = 0.0 if data.near_duplicates else LEAKAGE_THRESHOLD
    paragraphs = plan.kind is None and data.leakage == "paragraph" and data.deduplicate != "paragraph"
    each = comparing(len(splits["train"]), "comparing the train split with the others")
    each_held_out = comparing(len(held_out), "indexing validation and test")
    splits["train"] = drop_leaks(corpus, splits["train"], held_out, threshold, paragraphs, tally, each, each_held_out)


def _placed(corpus: Corpus, kept: Indices, config: Config) -> Splits:
    """Every kept document in its split: given by its source, or drawn. Raises DataError for an empty one."""
    data = config.data
    use = np.array([source.use for source in data.sources])[corpus.sources[kept]]
    drawn = kept[use == "split"]
    splits: Splits = {name: kept[use == name] for name in SPLITS}
    if len(drawn):
        # Where a split is given, none is drawn for it.
        wanted: dict[SplitName, float] = {"validation": data.validation_fraction, "test": data.test_fraction}
        shares = [0.0 if len(splits[name]) else fraction for name, fraction in wanted.items()]
        places = split(corpus.digests[drawn], corpus.characters[drawn], *shares)
        splits = {name: np.concatenate([splits[name], drawn[places[name]]]) for name in SPLITS}
    for name in ("train", "validation"):
        if not len(splits[name]):
            raise DataError(f"the {name} split is empty: no source is used for it, see data.sources.use")
    return splits


def _vocabulary(
    directory: Path, corpus: Corpus, train: Indices, plan: Plan, progress: Progress, check: Check
) -> Vocabulary:
    target, kind = directory / TOKENIZER_DIR, plan.kind
    if plan.own is not None:
        plan.own.install(target)
        return vocabularies.taken_over(plan.own, plan.family)
    texts: Iterable[str] = corpus.texts(train.tolist())
    if kind is not None:
        texts = (text for stored in texts for text in texts_of(decode(kind, stored)))
    total = int(corpus.characters[train].sum())
    vocabulary = vocabularies.trained(_sampled(texts, total, progress, check), plan.config, plan.family)
    check()
    vocabularies.save(vocabulary, target)
    return vocabulary


def _sampled(texts: Iterable[str], total: int, progress: Progress, check: Check) -> Iterator[str]:
    """Pieces to train a tokenizer on, of the training split only: nothing about the others is known beforehand."""
    stride = -(-total // bpe.TRAINING_CHARS)
    used = f" (one part in {stride})" if stride > 1 else ""
    pieces = (piece for text in texts for piece in bpe.pieces(text, bpe.TRAINING_PIECE_CHARS))
    done = 0
    for index, piece in enumerate(pieces):
        done += len(piece)
        if index % stride == 0:
            check()
            progress(done, total, "characters", f"counting words for the tokenizer{used}")
            yield piece
    # The trainer says nothing of how far it is; it lets go of the interpreter, so that the seconds are told.
    progress(0, 0, "", "merging pairs for the tokenizer")

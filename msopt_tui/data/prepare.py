"""Step 1: from a project file to tokens ready to train on, from the cache where the same was made before."""

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import tokenizers

from msopt_tui.config.schema import Config, Source
from msopt_tui.data import cache, row_documents, sources
from msopt_tui.data.build import TOKENIZER_DIR, Plan, build
from msopt_tui.data.by_source import example_rows, stream_rows
from msopt_tui.data.corpus import Corpus
from msopt_tui.data.document import Document
from msopt_tui.data.duplicates import digest
from msopt_tui.data.errors import DataError
from msopt_tui.data.examples import ExampleStore
from msopt_tui.data.family import Family, family_of
from msopt_tui.data.meta import Meta
from msopt_tui.data.pretrained import OwnTokenizer, locate, own_tokenizer, refuse_longer
from msopt_tui.data.readings import Fingerprint, Reading, fingerprint, recall, remember, version_of
from msopt_tui.data.records.record import RECORDS
from msopt_tui.data.tally import Tally
from msopt_tui.data.tokens import TokenStore, rows_in
from msopt_tui.data.watch import Check, Progress, Watcher

CODE_VERSION = 3
"""Goes up with every change that makes other tokens of the same text, so that no stale cache is taken."""
PREPARED, READINGS = "prepared", "readings"
"""Folders of the cache."""
NOT_IN_TOKENS = ("mlm_probability", "max_answer_length", "null_score_diff_threshold", "beta", "bleu_tokenize")
"""Keys of `[task]` that tokens do not depend on."""
HASH_CHARS = 1 << 24
"""A text is hashed in slices of this many characters, so that no encoded copy of the whole is needed."""


@dataclass(frozen=True, slots=True)
class PreparedData:
    """Tokens ready to train on, and what is known of them."""

    directory: Path
    tokenizer_dir: Path
    """For `AutoTokenizer.from_pretrained` or `msopt_tui.data.tokenizer.load`."""
    tables: TokenStore | ExampleStore
    """Tokens of running text, or examples of rows: `store` and `examples` give them by their type."""
    meta: Meta
    cached: bool
    """Whether it was there already."""
    note: str
    """Why something that was there was made again; empty otherwise."""
    reading: Reading
    """What was found while the sources were read."""
    seconds: float

    @property
    def store(self) -> TokenStore:
        """The tokens of a task that learns from running text."""
        assert isinstance(self.tables, TokenStore), "this task learns from rows"
        return self.tables

    @property
    def examples(self) -> ExampleStore:
        """The examples of a task that learns from rows."""
        assert isinstance(self.tables, ExampleStore), "this task learns from running text"
        return self.tables

    def training_rows(self, max_length: int) -> int:
        """Rows of an epoch."""
        if isinstance(self.tables, TokenStore):
            return self.tables["train"].rows(max_length)
        return self.tables["train"].rows

    def source_rows(self, max_length: int) -> list[int]:
        """Those of each source [sources]; they follow one another."""
        split = self.meta.splits["train"]
        return stream_rows(split, max_length) if isinstance(self.tables, TokenStore) else example_rows(split)

    @property
    def labels(self) -> list[str]:
        """Classes by their number, where the task has classes."""
        return self.meta.labels

    @property
    def key(self) -> str:
        """Hash of everything that went in."""
        return self.meta.key

    @property
    def sha256(self) -> str:
        """Of the raw text: its documents in order, each followed by a NUL byte."""
        return self.meta.sha256

    @property
    def documents(self) -> dict[str, int]:
        """Documents by split."""
        return {name: size.documents for name, size in self.meta.splits.items()}

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens by split, end-of-text tokens included."""
        return {name: size.tokens for name, size in self.meta.splits.items()}

    @property
    def bytes(self) -> dict[str, int]:
        """UTF-8 bytes of the cleaned text by split."""
        return {name: size.bytes for name, size in self.meta.splits.items()}

    @property
    def named_twice(self) -> int:
        """Documents that a second source named again, and that were read once."""
        return self.reading.named_twice

    @property
    def removed(self) -> dict[str, int]:
        """What was dropped on the way, reading included: what it was to how many."""
        twice = {"documents named by two sources": self.named_twice} if self.named_twice else {}
        return {**self.reading.removed, **self.meta.removed, **twice}

    @property
    def changed(self) -> dict[str, int]:
        """What was kept in another form: what was done to how often."""
        return {**self.reading.changed, **self.meta.changed}

    @property
    def excerpts(self) -> dict[str, list[str]]:
        """Short excerpts of what was dropped, everything unprintable escaped; by the names in `removed`."""
        return {**self.reading.examples, **self.meta.examples}

    @property
    def vocab_size(self) -> int:
        """Tokens in the vocabulary; a small text may give fewer than asked for."""
        return self.meta.vocab_size


def prepare(config: Config, base_dir: Path, cache_root: Path, progress: Progress, check: Check) -> PreparedData:
    """Read, clean, split and tokenise the text of `config`, or find it done under `cache_root`.

    `base_dir` is where relative paths of sources start. `progress` hears (done, total, unit, detail), `check` is called
    often and ends everything by raising; nothing half-made stays. Raises DataError with the way out.
    """
    began = time.perf_counter()
    watcher = Watcher(progress, check)
    family = family_of(config, base_dir, watcher)
    plan = Plan(config, family, _own_tokenizer(config, base_dir, family, watcher))
    records = config.task.name if plan.kind is not None else ""
    known = fingerprint(config.data.sources, base_dir, records)
    reading = recall(cache_root / READINGS, known) if known else None
    found = _look_up(plan, reading, cache_root) if reading else None
    if reading is None or found is None or found.meta is None:
        try:
            reading, found = _make(plan, base_dir, cache_root, known, progress, check)
        except OSError as error:
            raise DataError(
                f"{cache_root}: prepared data can't be written: {error.strerror or error}; "
                "make room, or set data.cache_dir to a folder you can write to"
            ) from error
    meta = found.meta
    assert meta is not None, "_make makes it"
    if plan.kind is None:
        _refuse_too_short(meta, config.data.max_length)
    return PreparedData(
        directory=found.directory,
        tokenizer_dir=found.directory / TOKENIZER_DIR,
        tables=(TokenStore if plan.kind is None else ExampleStore)(found.directory, meta),
        meta=meta,
        cached=found.cached,
        note=found.note,
        reading=reading,
        seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the cache has."""

    directory: Path
    key: str
    meta: Meta | None
    note: str
    cached: bool = True


def _look_up(plan: Plan, reading: Reading, cache_root: Path) -> _Found:
    taken = plan.own.sha256 + digest(plan.own.chat_template).hex() if plan.own else ""
    key = key_of(plan.config, reading.sha256, taken, reading.documents, plan.family)
    directory = cache_root / PREPARED / key[:32]
    try:
        return _Found(directory, key, cache.lookup(directory, key), "")
    except cache.Damaged as damage:
        return _Found(directory, key, None, f"prepared data in the cache was damaged ({damage}) and is made again")


def _own_tokenizer(config: Config, base_dir: Path, family: Family, watcher: Watcher) -> OwnTokenizer | None:
    """The tokenizer of the pretrained model that the project starts from, if it does. Raises DataError."""
    if not config.model.pretrained:
        return None
    directory = locate(config.model.pretrained, base_dir, weights=False, watcher=watcher)
    refuse_longer(directory, config.data.max_length)
    return own_tokenizer(directory, family)


def _make(
    plan: Plan,
    base_dir: Path,
    cache_root: Path,
    known: Fingerprint | None,
    progress: Progress,
    check: Check,
) -> tuple[Reading, _Found]:
    """Read the sources, and prepare their text unless it is in the cache. Raises DataError, and OSError in writing."""
    clock = time.time()
    cache.make_private(cache_root / PREPARED)
    with Corpus(cache_root / PREPARED) as raw:
        reading = _read(plan, base_dir, raw, progress, check)
        found = _look_up(plan, reading, cache_root)
        if found.meta is None:

            def fill(work: Path) -> Meta:
                return build(work, raw, reading, found.key, plan, progress, check)

            meta = cache.publish(found.directory, found.key, fill)
            made = replace(found, meta=meta, cached=False)
        else:
            made = found
    if known:
        remember(cache_root / READINGS, known, reading, clock)
    return reading, made


def key_of(
    config: Config,
    sha256: str,
    taken_sha256: str = "",
    documents: Sequence[int] = (),
    family: Family = "causal",
) -> str:
    """Hash of everything that the tokens depend on: raw text, settings, and the versions of what makes them.

    `taken_sha256` is the hash of a pretrained model's tokenizer, `documents` how many each source has: they say which
    text has which weight.
    """
    data = config.data
    ingredients = {
        "code": CODE_VERSION,
        "tokenizers": tokenizers.__version__,
        "unicode": unicodedata.unidata_version,
        "text": sha256,
        "deduplicate": data.deduplicate,
        "min_chars": data.min_chars,
        "max_chars": data.max_chars,
        "near_duplicates": data.near_duplicates,
        "leakage": data.leakage,
        "languages": sorted(data.languages),
        "mixture": [(source.weight, count) for source, count in zip(data.sources, documents, strict=False)],
        "packages": [version_of("rensa"), version_of("py3langid") if data.languages else ""],
        "validation_fraction": data.validation_fraction,
        "test_fraction": data.test_fraction,
        "split_seed": data.split_seed,
        "tokenizer": taken_sha256 or msgspec.to_builtins(config.tokenizer),
        "family": family,
        "use": [source.use for source in data.sources],
    }
    if len(data.sources) > 1:
        # Documents of a source stand together, and rows of examples are of one source.
        ingredients["sources"] = "together"
    if config.task.name in RECORDS:
        # Examples are cut to length and encoded for their task; a stream of tokens is cut anew every epoch.
        task = msgspec.to_builtins(config.task)
        ingredients["task"] = {key: value for key, value in task.items() if key not in NOT_IN_TOKENS}
        ingredients["max_length"], ingredients["packing"] = data.max_length, data.packing
    return hashlib.sha256(msgspec.json.encode(ingredients, order="sorted")).hexdigest()


def _documents(
    plan: Plan, source: Source, base_dir: Path, tally: Tally, understood: dict[str, str]
) -> Iterator[Document]:
    if plan.kind is None:
        return sources.read(source, base_dir, tally)
    return row_documents.read(plan.config.task.name, source, base_dir, tally, understood)


def _read(plan: Plan, base_dir: Path, raw: Corpus, progress: Progress, check: Check) -> Reading:
    """Put every document once into `raw`; says what was found."""
    config = plan.config
    first_of: dict[str, int] = {}
    digest = hashlib.sha256()
    tally = Tally()
    counts = [0] * len(config.data.sources)
    named_twice = 0
    understood: dict[str, str] = {}
    sizes = [sources.size(source, base_dir) for source in config.data.sources]
    for number, source in enumerate(config.data.sources):
        sources.fetch(source, base_dir, Watcher(progress, check))
        for document in _documents(plan, source, base_dir, tally, understood):
            check()
            if first_of.setdefault(document.origin, number) != number:
                named_twice += 1
                continue
            raw.add(document, number)
            counts[number] += 1
            for start in range(0, len(document.text), HASH_CHARS):
                digest.update(document.text[start : start + HASH_CHARS].encode())
            digest.update(b"\0")
            progress(*_how_far(sizes, number, tally, len(raw)), f"reading {_end_of(document.origin)}")
        tally.bytes_read = sum(size or 0 for size in sizes[: number + 1])  # also where a source tells nothing
    return Reading(
        sha256=digest.hexdigest(),
        documents=counts,
        characters=int(raw.characters.sum()),
        named_twice=named_twice,
        removed=dict(tally.removed),
        changed=dict(tally.changed),
        examples=tally.examples,
        understood=understood,
    )


def _how_far(sizes: Sequence[int | None], number: int, tally: Tally, documents: int) -> tuple[int, int, str]:
    """Done, total and unit: bytes where all sources are files whose sizes are known, else documents without an end."""
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        return documents, 0, "documents"
    return min(tally.bytes_read, sum(known[: number + 1])), sum(known), "bytes"


def _end_of(origin: str) -> str:
    """`folder/rows.jsonl` of a long path: what tells files apart."""
    return "/".join(origin.rsplit("/", 2)[-2:])


def _refuse_too_short(meta: Meta, max_length: int) -> None:
    tokens = meta.splits["train"].tokens
    if rows_in(tokens, max_length) < 1:
        raise DataError(
            f"the train split has {tokens:,} tokens, too few for one row of data.max_length = {max_length}: "
            "add text, or set data.max_length lower"
        )

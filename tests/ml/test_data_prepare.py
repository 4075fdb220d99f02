import errno
import os
import random
import string
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing import get_context
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tokenizers import Tokenizer

from msopt_tui.config.schema import Config, DataTable, Source, TokenizerTable
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.errors import DataError
from msopt_tui.data.family import Family
from msopt_tui.data.order import Batches
from msopt_tui.data.prepare import PreparedData, key_of, prepare
from msopt_tui.data.split import SPLITS

TOPICS = Config(
    data=DataTable(sources=[Source(kind="python-topics")], deduplicate="paragraph", min_chars=200),
    tokenizer=TokenizerTable(vocab_size=512),
)


def text_config(**data: object) -> Config:
    """A project of the text files beside it, with shares that suit a handful of them."""
    table = {"sources": [{"path": "*.txt"}], "max_length": 8, "validation_fraction": 0.2, "test_fraction": 0.2, **data}
    return msgspec.convert({"data": table, "tokenizer": {"vocab_size": 300}}, Config)


def write_texts(directory: Path, count: int = 12) -> None:
    for number in range(count):
        (directory / f"{number:02}.txt").write_text(f"Text number {number}: " + f"word{number} and more. " * 20)


def run(config: Config, base_dir: Path, **hooks: Callable[..., None]) -> PreparedData:
    progress = hooks.get("progress", lambda *_: None)
    return prepare(config, base_dir, base_dir / "cache", progress, hooks.get("check", lambda: None))


def leftovers(base_dir: Path) -> list[Path]:
    return list((base_dir / "cache" / "prepared").glob(".*"))


@pytest.fixture(scope="module")
def topics(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return run(TOPICS, tmp_path_factory.mktemp("topics"))


def test_topics_become_tokens(topics: PreparedData) -> None:
    assert not topics.cached
    assert topics.vocab_size == 512
    assert all(topics.documents[name] >= 3 for name in SPLITS)
    assert topics.removed["repeated paragraphs"] > 300
    total = sum(topics.bytes.values())
    assert topics.bytes["validation"] / total == pytest.approx(0.05, abs=0.01)
    assert topics.bytes["test"] / total == pytest.approx(0.05, abs=0.01)
    assert total < topics.meta.raw_characters


def test_tokens_are_the_documents_of_their_split(topics: PreparedData) -> None:
    tokenizer = bpe.load(topics.tokenizer_dir)
    for name in SPLITS:
        ids = topics.store[name].ids
        assert len(ids) == topics.tokens[name]
        assert (ids == topics.meta.end_of_text).sum() == topics.documents[name]
        assert ids[-1] == topics.meta.end_of_text
        assert len(tokenizer.decode(ids.tolist(), skip_special_tokens=True).encode()) == topics.bytes[name]
    first = topics.store["train"].ids[:200].tolist()
    assert "statement" in tokenizer.decode(topics.store["train"].ids[:20_000].tolist())
    assert max(first) < topics.vocab_size


def test_no_paragraph_of_the_test_split_is_trained_on(topics: PreparedData) -> None:
    tokenizer = bpe.load(topics.tokenizer_dir)
    paragraphs = {
        name: {" ".join(part.split()) for part in tokenizer.decode(topics.store[name].ids.tolist()).split("\n\n")}
        for name in SPLITS
    }
    shared = (paragraphs["validation"] | paragraphs["test"]) & paragraphs["train"]
    assert {part for part in shared if len(part) >= 32} == set()


def test_batches_come_from_what_was_prepared(topics: PreparedData) -> None:
    batch = Batches(topics.store["train"], 64, 4, 1).batch(1)
    assert batch.shape == (4, 65)
    assert batch.max() < topics.vocab_size


def test_a_second_run_is_cached_and_fast(topics: PreparedData) -> None:
    before = time.perf_counter()
    again = run(TOPICS, topics.directory.parents[2])
    assert time.perf_counter() - before < 1.0
    assert again.cached
    assert again.meta == topics.meta
    np.testing.assert_array_equal(again.store["train"].ids, topics.store["train"].ids)


def test_a_start_from_the_cache_imports_no_torch() -> None:
    code = (
        "import sys, msopt_tui.data.prepare, msopt_tui.data.order;"
        "print([name for name in ('torch', 'transformers', 'datasets', 'textual') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_same_text_gives_the_same_bytes(tmp_path: Path) -> None:
    results = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_texts(tmp_path / name)
        results.append(run(text_config(), tmp_path / name))
    assert results[0].meta == results[1].meta


@pytest.mark.parametrize(
    "change",
    [
        {"deduplicate": "paragraph"},
        {"min_chars": 9},
        {"validation_fraction": 0.3},
        {"test_fraction": 0.0},
        {"split_seed": 1},
        {"max_chars": 9000},
        {"near_duplicates": 0.8},
        {"leakage": "off"},
        {"languages": ["en"]},
    ],
)
def test_what_matters_changes_the_key(change: dict[str, object]) -> None:
    assert key_of(text_config(**change), "sha") != key_of(text_config(), "sha")
    assert key_of(text_config(), "other") != key_of(text_config(), "sha")


def test_what_does_not_matter_keeps_the_cache(tmp_path: Path) -> None:
    write_texts(tmp_path)
    run(text_config(), tmp_path)
    assert run(text_config(max_length=16), tmp_path).cached


def test_changed_text_is_prepared_again(tmp_path: Path) -> None:
    write_texts(tmp_path)
    first = run(text_config(), tmp_path)
    (tmp_path / "00.txt").write_text("Something else entirely. " * 20)
    second = run(text_config(), tmp_path)
    assert not second.cached
    assert second.sha256 != first.sha256


@pytest.mark.parametrize("name", ["train.bin", "meta.json", "tokenizer/tokenizer.json"])
def test_damage_is_said_and_repaired(tmp_path: Path, name: str) -> None:
    write_texts(tmp_path)
    first = run(text_config(), tmp_path)
    path = first.directory / name
    path.write_bytes(path.read_bytes()[:-3])
    second = run(text_config(), tmp_path)
    assert not second.cached
    assert "damaged" in second.note
    assert second.meta == first.meta
    assert run(text_config(), tmp_path).cached
    assert leftovers(tmp_path) == []


def _prepare_in_child(base_dir: Path) -> tuple[bool, str]:
    result = run(TOPICS, base_dir)
    return result.cached, str(result.directory)


def test_two_processes_at_once_both_succeed(tmp_path: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        results = pool.map(_prepare_in_child, [tmp_path, tmp_path], chunksize=1)
    assert len({directory for _, directory in results}) == 1
    assert run(TOPICS, tmp_path).cached
    assert leftovers(tmp_path) == []


def test_progress_has_counts_that_grow_to_their_total(tmp_path: Path) -> None:
    write_texts(tmp_path)
    heard: list[tuple[int, int, str, str]] = []
    run(text_config(), tmp_path, progress=lambda *args: heard.append(args))
    stages = list(dict.fromkeys(detail.split()[0] for *_, detail in heard))
    assert stages == [
        "reading",
        "cleaning",
        "indexing",
        "comparing",
        "counting",
        "merging",
        "tokenising",
        "hashing",
        "waiting",
    ]
    size = sum(path.stat().st_size for path in tmp_path.glob("*.txt"))
    assert heard[0][1:3] == (size, "bytes")
    for stage in stages:
        counts = [(done, total) for done, total, _, detail in heard if detail.startswith(stage)]
        assert counts == sorted(counts)
        assert counts[-1][0] == counts[-1][1] or stage == "hashing", "a file is hashed in one go"


@pytest.mark.parametrize("stage", ["reading", "cleaning", "comparing", "counting", "tokenising"])
def test_it_can_be_stopped_at_any_stage_and_leaves_nothing(tmp_path: Path, stage: str) -> None:
    class Stop(Exception):
        pass

    write_texts(tmp_path)
    now = [""]

    def progress(*args: object) -> None:
        now[0] = str(args[3])

    def check() -> None:
        if now[0].startswith(stage):
            raise Stop

    with pytest.raises(Stop):
        run(text_config(), tmp_path, progress=progress, check=check)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.name != "prepared"] == []


def test_a_file_that_two_sources_name_is_read_once_and_said(tmp_path: Path) -> None:
    write_texts(tmp_path)
    config = text_config(sources=[{"path": "*.txt"}, {"path": "03.txt"}], deduplicate="off")
    result = run(config, tmp_path)
    assert sum(result.documents.values()) == 12
    assert result.removed == {"documents named by two sources": 1}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([""], r"no text is left to learn from \(cleaning dropped 1 empty documents\)"),
        (["\n\n", " \r\n\t"], "no text is left to learn from"),
        (["same text"] * 9, r"test split would be empty.*spread the text.*cleaning dropped 8 repeated documents"),
        (["one document " * 100], "spread the text over more files"),
        (["a", "b", "c", "d", "e", "f"], r"train split has \d+ tokens, too few for one row of data.max_length = 8"),
    ],
)
def test_text_that_can_not_be_learned_from_is_an_answer(tmp_path: Path, texts: list[str], message: str) -> None:
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        run(text_config(), tmp_path)
    assert leftovers(tmp_path) == []


def test_a_project_without_test_split_has_an_empty_one(tmp_path: Path) -> None:
    write_texts(tmp_path)
    for _ in range(2):
        result = run(text_config(test_fraction=0.0), tmp_path)
        assert result.tokens["test"] == 0
    assert result.cached


def test_a_full_disk_says_where_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_texts(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"No space left on device; make room, or set data\.cache_dir"):
        run(text_config(), tmp_path)
    assert list((tmp_path / "cache" / "prepared").iterdir()) == []


def test_text_beyond_the_training_limit_is_sampled_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_texts(tmp_path)
    monkeypatch.setattr(bpe, "TRAINING_CHARS", 500)
    details: list[str] = []
    result = run(text_config(), tmp_path, progress=lambda *args: details.append(str(args[3])))
    assert any("one part in" in detail for detail in details)
    assert sum(result.documents.values()) == 12


@pytest.fixture
def training_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the tokenizer is trained on, piece by piece."""
    seen: list[str] = []
    train = bpe.train

    def spy(texts: Iterable[str], vocab_size: int, min_frequency: int, family: Family = "causal") -> Tokenizer:
        seen.extend(texts)
        return train(seen, vocab_size, min_frequency, family)

    monkeypatch.setattr(bpe, "train", spy)
    return seen


def test_the_tokenizer_learns_from_the_train_split_alone(tmp_path: Path, training_texts: list[str]) -> None:
    write_texts(tmp_path)
    result = run(text_config(), tmp_path)
    train = bpe.load(result.tokenizer_dir).decode(result.store["train"].ids.tolist(), skip_special_tokens=True)
    assert "".join(training_texts) == train


def test_an_endless_word_is_cut_for_training_only(tmp_path: Path, training_texts: list[str]) -> None:
    """Training takes square time in the longest word: whole, a megabyte of base64 would take minutes."""
    write_texts(tmp_path)
    (tmp_path / "word.txt").write_text("".join(random.Random(0).choices(string.ascii_letters, k=50_000)))
    result = run(text_config(validation_fraction=0.01, test_fraction=0.01), tmp_path)
    assert max(map(len, training_texts)) == bpe.TRAINING_PIECE_CHARS
    assert result.bytes["train"] > 50_000


def test_weights_change_the_key_only_through_what_they_weigh() -> None:
    weighed = text_config(sources=[{"path": "a.txt", "weight": 1}, {"path": "b.txt", "weight": 2}])
    assert key_of(weighed, "sha", "", [3, 4]) != key_of(weighed, "sha", "", [4, 3])
    assert key_of(weighed, "sha", "", [3, 4]) == key_of(weighed, "sha", "", [3, 4])

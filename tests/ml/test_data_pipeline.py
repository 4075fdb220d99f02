"""Step 1 as a whole: readings that are known again, cleaning, leaks and mixtures, told in one report."""

import random
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from msopt_tui.data import corpus, readings, sources
from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.errors import DataError
from msopt_tui.data.prepare import prepare
from msopt_tui.data.split import SPLITS
from tests.ml.test_data_prepare import run, text_config, write_texts


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as old enough to be known again."""
    monkeypatch.setattr(readings, "SETTLED_SECONDS", -60.0)


@pytest.mark.usefixtures("settled")
def test_a_second_start_reads_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_texts(tmp_path)
    config = text_config(sources=[{"path": "*.txt"}, {"path": "03.txt"}])
    first = run(config, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(sources, "read", lambda *_: pytest.fail("a source was read"))
        second = run(config, tmp_path)
    assert second.cached
    assert second.meta == first.meta
    assert (second.removed, second.excerpts) == (first.removed, first.excerpts)
    assert second.removed["documents named by two sources"] == 1


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("change", ["edit", "touch", "add"])
def test_what_changed_is_read_again(tmp_path: Path, change: str) -> None:
    write_texts(tmp_path)
    first = run(text_config(), tmp_path)
    path = tmp_path / "04.txt"
    text = path.read_text()
    match change:
        case "edit":
            path.write_text(text.replace("word4", "wörd"))
        case "touch":
            path.write_text(text)
        case _:
            (tmp_path / "new.txt").write_text("Text that is new here. " * 20)
    second = run(text_config(), tmp_path)
    assert second.cached == (change == "touch")
    assert (second.sha256 == first.sha256) == (change == "touch")


@pytest.mark.usefixtures("settled")
def test_a_damaged_memory_of_a_reading_is_no_harm(tmp_path: Path) -> None:
    write_texts(tmp_path)
    first = run(text_config(), tmp_path)
    (memory,) = (tmp_path / "cache" / "readings").iterdir()
    memory.write_bytes(memory.read_bytes()[:-3])
    second = run(text_config(), tmp_path)
    assert second.cached
    assert second.meta == first.meta
    (first.directory / "train.bin").write_bytes(b"")
    third = run(text_config(), tmp_path)
    assert "damaged" in third.note
    assert third.meta == first.meta


def test_files_that_were_just_written_are_not_trusted(tmp_path: Path) -> None:
    write_texts(tmp_path)
    run(text_config(), tmp_path)
    assert not (tmp_path / "cache" / "readings").exists()


def sentences(seed: int, count: int = 60) -> str:
    chance = random.Random(seed)
    return " ".join(f"word{chance.randrange(9000)}" for _ in range(count))


def write_rows(base_dir: Path, name: str, rows: Iterable[str]) -> None:
    (base_dir / name).write_bytes(b"".join(msgspec.json.encode({"text": row}) + b"\n" for row in rows))


def test_what_was_removed_while_reading_and_cleaning_is_told_together(tmp_path: Path) -> None:
    rows = [sentences(seed) for seed in range(40)]
    write_rows(tmp_path, "a.jsonl", [*rows, "", rows[3] + " more", rows[4], "tiny", sentences(99, 5000)])
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write("no row\n")
    source = {"kind": "jsonl", "path": "a.jsonl"}
    result = run(text_config(sources=[source], near_duplicates=0.8, min_chars=10, max_chars=20_000), tmp_path)
    assert result.removed == {
        "rows without text": 1,
        "broken rows": 1,
        "repeated documents": 1,
        "documents shorter than min_chars": 1,
        "documents longer than max_chars": 1,
        "nearly repeated documents": 1,
    }
    assert set(result.excerpts) == set(result.removed)
    assert result.excerpts["nearly repeated documents"] == ["a.jsonl#42 is like a.jsonl#4"]
    assert sum(result.documents.values()) == 40


@pytest.mark.parametrize(("leakage", "leaks"), [("off", True), ("document", True), ("paragraph", False)])
def test_nothing_of_the_held_out_splits_is_trained_on(tmp_path: Path, leakage: str, leaks: bool) -> None:
    shared = [sentences(1000 + seed, 12) for seed in range(10)]
    rows = [f"{sentences(seed, 80)}\n\n{shared[seed % 10]}" for seed in range(60)]
    write_rows(tmp_path, "a.jsonl", rows)
    config = text_config(sources=[{"kind": "jsonl", "path": "a.jsonl"}], leakage=leakage)
    result = run(config, tmp_path)
    tokenizer = bpe.load(result.tokenizer_dir)
    texts = {name: tokenizer.decode(result.store[name].ids.tolist()) for name in SPLITS}
    found = {text for text in shared if text in texts["train"]} & {
        text for text in shared if text in texts["validation"] + texts["test"]
    }
    assert bool(found) == leaks
    assert ("training paragraphs that stand in validation or test" in result.removed) != leaks


def test_sources_are_mixed_by_weight_in_the_train_split_alone(tmp_path: Path) -> None:
    write_rows(tmp_path, "a.jsonl", (sentences(seed) for seed in range(80)))
    write_rows(tmp_path, "b.jsonl", (sentences(seed) for seed in range(100, 120)))
    kinds = [{"kind": "jsonl", "path": name} for name in ("a.jsonl", "b.jsonl")]
    plain = run(text_config(sources=kinds), tmp_path)
    even = run(text_config(sources=[kind | {"weight": 0.5} for kind in kinds]), tmp_path)
    for name in ("validation", "test"):
        assert even.meta.splits[name].characters == plain.meta.splits[name].characters
    assert even.meta.splits["train"].characters == pytest.approx(plain.meta.splits["train"].characters, rel=0.02)
    assert even.changed["training documents repeated for their source's weight"] > 0
    assert even.removed["training documents left out for their source's weight"] > 0
    text = bpe.load(even.tokenizer_dir).decode(even.store["train"].ids.tolist())
    assert sum(sentences(seed) in text for seed in range(80)) < 50
    assert (even.store["train"].ids == even.meta.end_of_text).sum() == even.documents["train"]


def test_documents_in_other_languages_go_and_are_named(tmp_path: Path) -> None:
    pytest.importorskip("py3langid")
    english = [f"The house number {number} stands near the river, and people walk there." for number in range(30)]
    german = [f"Das Haus Nummer {number} steht am Fluss, und die Leute gehen dort." for number in range(10)]
    write_rows(tmp_path, "a.jsonl", [*english, *german])
    source = {"kind": "jsonl", "path": "a.jsonl"}
    result = run(text_config(sources=[source], languages=["en"]), tmp_path)
    assert result.removed["documents in other languages"] == 10
    assert result.excerpts["documents in other languages"][0] == "a.jsonl#31 (de)"
    with pytest.raises(DataError, match=r"data\.languages: xx: unknown; there are: "):
        run(text_config(sources=[source], languages=["en", "xx"]), tmp_path)


def test_a_large_text_goes_through_files_and_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("\n\n".join(sentences(seed) for seed in range(200)))
    config = text_config(sources=[{"path": "a.txt", "document": "paragraphs", "document_chars": 1000}])
    in_memory = run(config, tmp_path)
    monkeypatch.setattr(corpus, "MEMORY_BYTES", 100)
    on_disk = prepare(config, tmp_path, tmp_path / "other", lambda *_: None, lambda: None)
    assert on_disk.meta == in_memory.meta
    assert {path.name for path in (tmp_path / "other").iterdir()} == {"prepared"}

"""Texts on disk, near duplicates, leaks and mixtures: all on a handful of made texts."""

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from msopt_tui.data import corpus as corpora
from msopt_tui.data.corpus import Corpus
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.leakage import drop_leaks
from msopt_tui.data.mix import weigh
from msopt_tui.data.near import NearIndex, drop_near_duplicates, sequences
from msopt_tui.data.tally import Tally


def words(seed: int, count: int = 200) -> list[str]:
    chance = random.Random(seed)
    return [f"word{chance.randrange(5000)}" for _ in range(count)]


def nothing(_done: int) -> None:
    pass


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    with Corpus(tmp_path) as made:
        yield made


def fill(corpus: Corpus, *texts: str, source: int = 0) -> None:
    for text in texts:
        corpus.add(Document(text, "file.txt", len(corpus) + 1), source)


@pytest.mark.parametrize("memory", [5, 1 << 20])
def test_what_was_added_comes_back_also_from_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    monkeypatch.setattr(corpora, "MEMORY_BYTES", memory)
    with Corpus(tmp_path) as corpus:
        fill(corpus, "Größe", "", "🙂 two")
        assert corpus.text(0) == "Größe"
        corpus.add(Document("three", "other.txt"), 1)
        corpus.replace(0, "longer than before")
        assert [corpus.document(index) for index in range(4)] == [
            Document("longer than before", "file.txt", 1),
            Document("", "file.txt", 2),
            Document("🙂 two", "file.txt", 3),
            Document("three", "other.txt"),
        ]
        assert corpus.characters.tolist() == [18, 0, 5, 5]
        assert corpus.sizes.tolist() == [18, 0, 8, 5]
        assert corpus.sources.tolist() == [0, 0, 0, 1]
        assert [corpus.label(index) for index in (0, 3)] == ["file.txt#1", "other.txt"]
    assert list(tmp_path.iterdir()) == []


def test_digests_depend_on_text_and_seed_alone(tmp_path: Path) -> None:
    with Corpus(tmp_path, 1) as one, Corpus(tmp_path, 2) as other:
        for corpus in (one, other):
            fill(corpus, "a", "b", "a")
        assert one.digests[0] == one.digests[2] != one.digests[1]
        assert one.digests[0] != other.digests[0]


def test_sequences_are_words_or_characters() -> None:
    assert sequences("One two\n three four FIVE six") == ["one two three four five", "two three four five six"]
    assert sequences("一二三四五六七八九十廿卅卌" * 2)[:2] == ["一二三四五六七八九十廿卅", "二三四五六七八九十廿卅卌"]
    assert sequences("too short") == []


def jaccard(one: str, other: str) -> float:
    a, b = set(sequences(one)), set(sequences(other))
    return len(a & b) / len(a | b)


@pytest.mark.parametrize("threshold", [0.5, 0.65, 0.8, 0.95])
def test_the_threshold_is_that_of_the_true_similarity(threshold: float) -> None:
    """Pairs of every similarity: all clearly above the threshold are found, none clearly below."""
    decided = {True: 0, False: 0}
    for seed in range(200):
        one = words(seed)
        other = one[: 200 - seed] + words(seed + 1000, seed)
        similarity = jaccard(" ".join(one), " ".join(other))
        index = NearIndex(threshold)
        index.like(" ".join(one), add_as=7)
        found = index.like(" ".join(other))
        if abs(similarity - threshold) > 0.14:
            assert (found == 7) == (similarity > threshold)
            decided[similarity > threshold] += 1
    assert min(decided.values()) >= (0 if threshold > 0.9 else 5)


def test_a_near_duplicate_is_dropped_and_its_original_named(corpus: Corpus) -> None:
    text = words(1)
    fill(corpus, " ".join(words(2)), " ".join(text), " ".join([*text[:199], "another"]), "short " * 3, "short " * 3)
    tally = Tally()
    assert drop_near_duplicates(corpus, 0.8, tally, nothing).tolist() == [0, 1, 3, 4]
    assert tally.removed == {"nearly repeated documents": 1}
    assert tally.examples["nearly repeated documents"] == ["file.txt#3 is like file.txt#2"]


def test_the_first_of_a_chain_stays_and_exact_copies_go(corpus: Corpus) -> None:
    text = " ".join(words(1))
    fill(corpus, text, text, text)
    assert drop_near_duplicates(corpus, 1.0, Tally(), nothing).tolist() == [0]


LONG = "This paragraph is long enough to say something by itself, and it is number "


def test_leaks_leave_the_train_split_and_nothing_else_does(corpus: Corpus) -> None:
    held_out = words(1, 400)
    fill(
        corpus,
        f"{LONG}1\n\nShared lead-in:\n\n{LONG}2",
        " ".join(held_out),
        f"{LONG}3\n\n   {LONG}2\n\nend",
        " ".join([*held_out[:395], "other", "words"]),
        f"Heading\n\n{LONG}1",
        f"Shared lead-in:\n\n{LONG}4",
    )
    tally = Tally()
    kept = drop_leaks(corpus, np.array([2, 3, 4, 5]), [0, 1], 0.8, True, tally, nothing, nothing)
    assert kept.tolist() == [2, 5]
    assert corpus.text(2) == f"{LONG}3\n\nend"
    assert corpus.text(5) == f"Shared lead-in:\n\n{LONG}4"
    assert corpus.text(0) == f"{LONG}1\n\nShared lead-in:\n\n{LONG}2"
    assert tally.removed == {
        "training documents like one of validation or test": 1,
        "training paragraphs that stand in validation or test": 3,
        "training documents of nothing but leaked paragraphs": 1,
    }
    assert tally.examples["training documents like one of validation or test"] == ["file.txt#4 is like file.txt#2"]


def test_without_paragraphs_only_documents_are_looked_at(corpus: Corpus) -> None:
    fill(corpus, f"{LONG}1", f"{LONG}1\n\n{LONG}2")
    tally = Tally()
    assert drop_leaks(corpus, np.array([1]), [0], 0.8, False, tally, nothing, nothing).tolist() == [1]
    assert not tally.removed


def mixed(tmp_path: Path, weights: list[float], seed: int = 0) -> tuple[list[tuple[int, int]], Tally]:
    """Index and source of the documents of a mixture of 60 documents of 100 and 20 of 50 characters."""
    with Corpus(tmp_path, seed) as corpus:
        for number in range(60):
            fill(corpus, f"{number:03}" + "x" * 97)
        for number in range(20):
            fill(corpus, f"{number:03}" + "y" * 47, source=1)
        tally = Tally()
        chosen = weigh(corpus, np.arange(80), weights, seed, tally)
        return [(index, int(corpus.sources[index])) for index in chosen.tolist()], tally


def test_weights_are_shares_of_the_characters_and_the_size_stays(tmp_path: Path) -> None:
    chosen, tally = mixed(tmp_path, [1, 3])
    sizes = [100 * sum(source == 0 for _, source in chosen), 50 * sum(source == 1 for _, source in chosen)]
    assert sizes[0] / sum(sizes) == pytest.approx(0.25, abs=0.01)
    assert sum(sizes) == pytest.approx(7000, abs=100)
    times = [sum(index == wanted for index, _ in chosen) for wanted in range(60, 80)]
    assert set(times) == {5, 6}
    assert tally.changed == {"training documents repeated for their source's weight": len(chosen) - 17 - 20}
    assert tally.removed == {"training documents left out for their source's weight": 43}


def test_a_mixture_is_the_same_again_and_another_with_another_seed(tmp_path: Path) -> None:
    assert mixed(tmp_path, [1, 3]) == mixed(tmp_path, [1, 3])
    assert mixed(tmp_path, [1, 3])[0] != mixed(tmp_path, [1, 3], seed=1)[0]


def test_sources_alternate_in_a_mixture(tmp_path: Path) -> None:
    order = [source for _, source in mixed(tmp_path, [1, 1])[0]]
    assert sum(one != other for one, other in pairwise(order)) > len(order) / 5


def test_the_smallest_weight_still_gives_one_document(tmp_path: Path) -> None:
    assert sum(source == 1 for _, source in mixed(tmp_path, [1e6, 1e-6])[0]) == 1


def test_a_source_with_weight_and_without_text_is_an_error(corpus: Corpus) -> None:
    fill(corpus, "text")
    with pytest.raises(DataError, match="source 2 has a weight, but none of its text is in the train split"):
        weigh(corpus, np.arange(1), [1, 1], 0, Tally())

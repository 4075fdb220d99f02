import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.data.corpus import Corpus
from msopt_tui.data.document import Document
from msopt_tui.data.errors import DataError
from msopt_tui.data.split import SPLITS, SplitName
from msopt_tui.data.split import split as split_indices


def documents(sizes: list[int]) -> list[Document]:
    """Documents of these sizes, all of different text."""
    return [Document(f"{index:06}" + "x" * (size - 6), f"doc-{index}") for index, size in enumerate(sizes)]


def split(whole: list[Document], validation: float, test: float, seed: int) -> dict[SplitName, list[Document]]:
    with Corpus(Path(), seed) as corpus:
        for document in whole:
            corpus.add(document, 0)
        parts = split_indices(corpus.digests, corpus.characters, validation, test)
    return {name: [whole[index] for index in part.tolist()] for name, part in parts.items()}


def share(part: list[Document], whole: list[Document]) -> float:
    return sum(len(document.text) for document in part) / sum(len(document.text) for document in whole)


many_documents = st.lists(st.integers(6, 400), min_size=60, max_size=120).map(documents)
fractions = st.floats(0.05, 0.4)


@settings(deadline=None, max_examples=40)
@given(many_documents, fractions, fractions, st.integers(0, 10**12))
def test_splits_are_disjoint_complete_and_about_as_large_as_asked(
    whole: list[Document], validation: float, test: float, seed: int
) -> None:
    parts = split(whole, validation, test, seed)
    assert list(parts) == list(SPLITS)
    origins = [document.origin for name in SPLITS for document in parts[name]]
    assert sorted(origins) == sorted(document.origin for document in whole)
    for part, fraction in ((parts["validation"], validation), (parts["test"], test)):
        assert share(part, whole) >= 0.65 * fraction
        assert share(part, whole) <= 1.1001 * fraction or len(part) == 1


@settings(deadline=None, max_examples=40)
@given(many_documents, st.integers(0, 99), st.randoms(use_true_random=False))
def test_the_order_of_the_documents_does_not_matter(whole: list[Document], seed: int, chance: random.Random) -> None:
    shuffled = list(whole)
    chance.shuffle(shuffled)
    assert split(whole, 0.1, 0.1, seed) == split(shuffled, 0.1, 0.1, seed)


@settings(deadline=None, max_examples=40)
@given(many_documents)
def test_the_test_split_does_not_depend_on_the_validation_share(whole: list[Document]) -> None:
    assert split(whole, 0.1, 0.2, 0)["test"] == split(whole, 0.3, 0.2, 0)["test"]


def test_another_seed_is_another_split() -> None:
    whole = documents([100] * 80)
    assert split(whole, 0.2, 0.2, 0)["validation"] != split(whole, 0.2, 0.2, 1)["validation"]


@pytest.mark.parametrize("seed", range(20))
def test_a_few_huge_documents_do_not_spoil_the_shares(seed: int) -> None:
    """Sizes like those of the language reference: 79 documents, the largest 13 % of all characters."""
    sizes = [62_000, 50_000, 38_000, 25_000, 24_000, 23_000, 20_000] + [13_000] * 6 + [3_000] * 30 + [500] * 36
    whole = documents(sizes)
    parts = split(whole, 0.05, 0.05, seed)
    for part in (parts["validation"], parts["test"]):
        assert 0.045 <= share(part, whole) <= 0.055
        assert len(part) >= 2


@pytest.mark.parametrize("seed", range(8))
def test_a_split_that_small_documents_do_not_fill_takes_a_larger_one(seed: int) -> None:
    whole = documents([100] * 3 + [700] * 10)
    parts = split(whole, 1000 / 7300, 0.0, seed)
    assert sorted(len(document.text) for document in parts["validation"]) == [100, 100, 100, 700]


def test_equal_documents_stay_together() -> None:
    whole = documents([100] * 40) + [Document("twin " * 10, f"twin-{index}") for index in range(5)]
    parts = split(whole, 0.3, 0.3, 3)
    homes = {name for name in SPLITS for document in parts[name] if document.origin.startswith("twin")}
    assert len(homes) == 1


def test_a_share_of_nothing_is_an_empty_split() -> None:
    parts = split(documents([100] * 30), 0.1, 0.0, 0)
    assert parts["test"] == []
    assert len(parts["validation"]) == 3


def test_one_document_can_not_be_split() -> None:
    with pytest.raises(DataError, match="a document is never cut; spread the text over more files, or set document"):
        split(documents([1000]), 0.1, 0.0, 0)


def test_too_coarse_documents_name_the_share_that_would_do() -> None:
    whole = documents([1000] * 5)
    with pytest.raises(DataError, match=r"data\.validation_fraction to at least 0\.2$"):
        split(whole, 0.01, 0.0, 0)
    assert len(split(whole, 0.2, 0.0, 0)["validation"]) == 1


def test_a_slightly_too_small_share_takes_the_smallest_document() -> None:
    parts = split(documents([1000] * 9 + [900]), 0.06, 0.0, 0)
    assert [len(document.text) for document in parts["validation"]] == [900]


def test_something_is_left_to_train_on() -> None:
    with pytest.raises(DataError, match="no document is left to train on"):
        split(documents([100, 100]), 0.49, 0.49, 0)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.state.differences import MAX_WORDS, Part, differences

texts = st.one_of(
    st.text(max_size=60), st.lists(st.sampled_from(["the", "cat", "sat", ",", "\n"]), max_size=12).map(" ".join)
)


def marked(parts: tuple[Part, ...]) -> str:
    return "".join(f"[{text}]" if differs else text for text, differs in parts)


@pytest.mark.parametrize(
    ("one", "other", "left", "right"),
    [
        ("God made the sky", "God created the sky", "God [made] the sky", "God [created] the sky"),
        ("the cat", "the cat sat", "the cat", "the cat [sat]"),
        ("the cat.", "the cat", "the cat[.]", "the cat"),
        ("same  text", "same text", "same  text", "same text"),
        ("yes", "no", "yes", "no"),
        ("", "anything", "", "anything"),
        ("我爱猫", "我恨猫", "我[爱]猫", "我[恨]猫"),
    ],
)
def test_words_that_differ_are_marked(one: str, other: str, left: str, right: str) -> None:
    ours, theirs = differences(one, other)
    assert (marked(ours), marked(theirs)) == (left, right)


@given(texts, texts)
def test_nothing_of_either_text_is_lost(one: str, other: str) -> None:
    ours, theirs = differences(one, other)
    assert "".join(part.text for part in ours) == one
    assert "".join(part.text for part in theirs) == other


@given(texts, texts)
def test_what_is_not_marked_stands_in_both(one: str, other: str) -> None:
    ours, theirs = differences(one, other)
    if any(part.differs for part in (*ours, *theirs)):
        left, right = ("".join("".join(p.text for p in parts if not p.differs).split()) for parts in (ours, theirs))
        assert left == right
        assert all(part.text == part.text.rstrip() for part in (*ours, *theirs) if part.differs)


@given(texts)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert not any(part.differs for parts in differences(text, text) for part in parts)


def test_texts_without_end_are_not_compared() -> None:
    long = "word " * (MAX_WORDS + 1)
    assert differences(long, "word other")[1] == (Part("word other", False),)

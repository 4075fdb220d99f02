import unicodedata
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.data import clean as rules
from msopt_tui.data.clean import Cleaner, Deduplicate, normalise
from msopt_tui.data.document import Document
from msopt_tui.data.tally import Tally, excerpt

LONG = "A paragraph that is long enough to count as content number "


def documents(*texts: str) -> list[Document]:
    return [Document(text, f"doc-{index}") for index, text in enumerate(texts)]


def clean(
    given: Iterable[Document], deduplicate: Deduplicate, min_chars: int, max_chars: int = 0
) -> tuple[list[Document], Tally]:
    cleaner = Cleaner(deduplicate, min_chars, max_chars)
    return [kept for document in given if (kept := cleaner.clean(document))], cleaner.tally


def texts_of(cleaned: list[Document]) -> list[str]:
    return [document.text for document in cleaned]


def test_every_kind_of_line_break_becomes_one() -> None:
    assert rules.unify_line_breaks("a\r\nb\rc\nd\x0ce\u2028f") == ("a\nb\nc\nd\ne\nf", 4)


def test_control_characters_go_but_tabs_and_line_breaks_stay() -> None:
    assert rules.drop_controls("a\tb\n\x1b[31mred\x00\x9b\x7f") == ("a\tb\n[31mred", 4)


def test_text_is_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "Größe")
    assert rules.compose(decomposed) == ("Größe", 1)
    assert rules.compose("Größe") == ("Größe", 0)


def test_white_space_at_line_ends_goes_and_indentation_stays() -> None:
    assert rules.strip_trailing("\n\n  a  \n\tb\t \n\n  \n") == ("  a\n\tb", 11)


def test_a_line_of_a_million_spaces_takes_no_square_time() -> None:
    """A backtracking pattern would need 10^12 steps here."""
    text = " " * 1_000_000 + "x" + " " * 1_000_000
    assert rules.strip_trailing(text) == (" " * 1_000_000 + "x", 1_000_000)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text, Tally())
    tally = Tally()
    assert normalise(once, tally) == once
    assert not tally.removed
    assert not tally.changed


@settings(deadline=None)
@given(
    st.lists(st.text(alphabet="ab \n\x07é\u0301", max_size=40), max_size=8),
    st.sampled_from(["off", "document", "paragraph"]),
)
def test_cleaning_twice_removes_nothing_more(texts: list[str], mode: Deduplicate) -> None:
    once, _ = clean(documents(*texts), mode, 1)
    again, tally = clean(once, mode, 1)
    assert again == once
    assert not tally.removed


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=8), st.integers(0, 5))
def test_every_document_is_kept_or_counted(texts: list[str], min_chars: int) -> None:
    kept, tally = clean(documents(*texts), "document", min_chars)
    dropped = sum(count for what, count in tally.removed.items() if "documents" in what)
    assert len(kept) + dropped == len(texts)


def test_a_repeated_document_is_dropped_where_it_stands_second() -> None:
    kept, tally = clean(documents("same", "other", "same \r\n"), "document", 1)
    assert texts_of(kept) == ["same", "other"]
    assert tally.removed == {"repeated documents": 1}
    assert tally.examples == {"repeated documents": ["doc-2"]}


def test_off_keeps_repeated_documents() -> None:
    kept, tally = clean(documents("same", "same"), "off", 1)
    assert texts_of(kept) == ["same", "same"]
    assert not tally.removed


def test_empty_and_short_documents_are_counted_apart() -> None:
    kept, tally = clean(documents("\n \n", "abc", "abcdef"), "document", 5)
    assert texts_of(kept) == ["abcdef"]
    assert tally.removed == {"empty documents": 1, "documents shorter than min_chars": 1}


def test_a_repeated_paragraph_is_dropped_whatever_its_indentation() -> None:
    first = f"{LONG}1\n\n{LONG}2"
    second = f"{LONG}3\n\n   {LONG}2\n\n\n{LONG}4"
    kept, tally = clean(documents(first, second), "paragraph", 1)
    assert texts_of(kept) == [first, f"{LONG}3\n\n{LONG}4"]
    assert tally.removed == {"repeated paragraphs": 1}


def test_a_paragraph_repeated_within_one_document_is_dropped_too() -> None:
    kept, _ = clean(documents(f"{LONG}1\n\n{LONG}2\n\n{LONG}1"), "paragraph", 1)
    assert texts_of(kept) == [f"{LONG}1\n\n{LONG}2"]


def test_a_lead_in_may_repeat_but_goes_with_its_paragraph() -> None:
    first = f"Note:\n\n{LONG}1\n\nNote:\n\n{LONG}2"
    second = f"Note:\n\n{LONG}2\n\nNote:\n\n{LONG}3"
    kept, _ = clean(documents(first, second), "paragraph", 1)
    assert texts_of(kept) == [first, f"Note:\n\n{LONG}3"]


def test_a_document_of_nothing_new_is_dropped_whole() -> None:
    kept, tally = clean(documents(f"{LONG}1\n\n{LONG}2", f"Title\n\n{LONG}2\n\nThe end"), "paragraph", 1)
    assert len(kept) == 1
    assert tally.removed["documents of nothing but repeated paragraphs"] == 1


def test_a_document_of_short_paragraphs_is_left_alone() -> None:
    poem = "one\n\ntwo\n\none\n\nthree"
    kept, _ = clean(documents(poem, f"{poem}\n\nfour"), "paragraph", 1)
    assert texts_of(kept) == [poem, f"{poem}\n\nfour"]


def test_a_document_that_is_too_long_is_dropped_and_named() -> None:
    kept, tally = clean(documents("abc", "abcd"), "document", 1, max_chars=3)
    assert texts_of(kept) == ["abc"]
    assert tally.examples == {"documents longer than max_chars": ["doc-1"]}


def test_examples_are_few_short_and_escaped() -> None:
    _, tally = clean(documents(*["\x1b]52;c;evil\x07 \u202e" + "x" * 500 + str(n) for n in range(9)]), "document", 1)
    shown = tally.examples["control characters"]
    assert tally.removed["control characters"] == 18
    assert len(shown) == 3
    assert all(len(text) <= 80 and text.isprintable() for text in shown)
    assert shown[0].startswith("\\x1b]52")


def test_an_excerpt_is_one_line() -> None:
    assert excerpt("  a\n\tb\u202ec ") == "a b\\u202ec"


def test_a_summary_names_the_most_common_first() -> None:
    tally = Tally()
    tally.remove("empty documents", "a")
    tally.remove("repeated paragraphs", "b", 1200)
    assert tally.summary() == "1,200 repeated paragraphs, 1 empty documents"

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.data.encode.segments import Segment
from msopt_tui.data.encode.tokenise import Tokeniser
from tests import vocabularies

VOCABULARIES = {
    "byte level": vocabularies.causal(),
    "▁ before every text": vocabularies.sentencepiece("always"),
    "▁ before a row": vocabularies.sentencepiece("first"),
    "no ▁": vocabularies.sentencepiece("never"),
}
any_vocabulary = pytest.mark.parametrize("name", VOCABULARIES)


def ids_of(tokens: Tokeniser, *texts: str | int) -> list[int]:
    [row] = tokens.code([[Segment(text) for text in texts]])
    return [token for part in row for token in part.ids]


@any_vocabulary
@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="▁"), min_size=1), max_size=4))
def test_pieces_put_together_are_the_text(name: str, texts: list[str]) -> None:
    vocabulary = VOCABULARIES[name]
    tokens = Tokeniser(vocabulary)
    decoded = vocabulary.tokenizer.decode(ids_of(tokens, *texts), skip_special_tokens=False)
    # A text's first space is taken for the mark of its first word, by these vocabularies everywhere.
    assert decoded.lstrip(" ") == "".join(texts).lstrip(" ")


@any_vocabulary
def test_only_a_row_begins_with_a_space_of_its_own(name: str) -> None:
    vocabulary = VOCABULARIES[name]
    tokens = Tokeniser(vocabulary)
    alone = vocabulary.tokenizer.encode("fox", add_special_tokens=False).ids
    assert ids_of(tokens, "fox") == alone
    whole = vocabulary.tokenizer.encode("The\nfox", add_special_tokens=False).ids
    assert ids_of(tokens, "The\n", "fox") == whole


def test_after_a_token_a_text_begins_as_the_tokenizer_has_it() -> None:
    """Llama 2 marks every text between tokens, later ones only a row's first."""
    for scheme, marked in (("always", True), ("first", False)):
        tokens = Tokeniser(vocabularies.sentencepiece(scheme))
        end = tokens.begin[0]
        _, *after = ids_of(tokens, end, "fox")
        assert tokens.name(after[0]).startswith("▁") == marked
        [row] = tokens.code([[Segment(end), Segment("fox", opens=True)]])
        assert tokens.name(row[1].ids[0]).startswith("▁")


@any_vocabulary
def test_a_special_token_written_in_a_text_is_text(name: str) -> None:
    vocabulary = VOCABULARIES[name]
    tokens = Tokeniser(vocabulary)
    names = "".join(tokens.specials.values())
    assert not set(ids_of(tokens, names)) & set(tokens.specials)


def test_rows_come_back_as_they_were_given() -> None:
    tokens = Tokeniser(vocabularies.sentencepiece("always"))
    rows = [[Segment("a"), Segment("b")], [], [Segment(2), Segment("c"), Segment("d")], [Segment("")]]
    assert tokens.code(rows) == [tokens.code([row])[0] for row in rows]


def test_pieces_are_spelled_whole_and_tokens_by_name() -> None:
    vocabulary = vocabularies.causal()
    tokens = Tokeniser(vocabulary)
    ids = ids_of(tokens, "Größe 🙂👩‍👩‍👧", vocabulary.end, "東京", vocabulary.end)
    flags = [0] * len(ids)
    assert tokens.spell(ids, flags) == [("Größe 🙂👩‍👩‍👧<|endoftext|>東京<|endoftext|>", False)]
    flags[-1] = 1
    assert tokens.spell(ids, flags) == [("Größe 🙂👩‍👩‍👧<|endoftext|>東京", False), ("<|endoftext|>", True)]


def test_a_piece_keeps_the_space_before_it() -> None:
    tokens = Tokeniser(vocabularies.sentencepiece("always"))
    ids = ids_of(tokens, "The fox", " jumps")
    flags = [0] * len(ids_of(tokens, "The fox")) + [1] * len(ids)
    assert tokens.spell(ids, flags[: len(ids)]) == [("The fox", False), (" jumps", True)]

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.data import tokenizer as bpe
from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.classification import UNKNOWN_LABEL, longest_first
from msopt_tui.data.records.record import Labelled
from msopt_tui.data.tally import Tally
from tests import vocabularies
from tests.vocabularies import project

LABELS = ["bad", "good"]
VOCABULARIES = {
    "types": vocabularies.encoder(),
    "no types": vocabularies.encoder(types=False),
    "causal": vocabularies.causal(),
    "causal, begun": vocabularies.causal(begin=True),
}
any_vocabulary = pytest.mark.parametrize("name", VOCABULARIES)
PAIR = Labelled(text="The quick fox 🙂", text_pair="a dog", label="good")


def test_an_encoder_reads_what_its_tokenizer_frames() -> None:
    for types in (True, False):
        vocabulary = vocabularies.encoder(types)
        made = encoder_of(project("text-classification"), vocabulary, LABELS)
        [pair] = made.encode(PAIR, Tally())
        [single] = made.encode(Labelled(text=PAIR.text, label="bad"), Tally())
        for example, texts, number in ((pair, (PAIR.text, PAIR.text_pair), 1), (single, (PAIR.text,), 0)):
            coded = vocabulary.tokenizer.encode(*texts)
            assert example.columns["input_ids"] == coded.ids
            assert example.columns["label"] == [number]
            assert example.columns.keys() == made.columns.keys()
            assert example.supervised == 1
            if types:
                assert example.columns["token_type_ids"] == coded.type_ids
        assert ("token_type_ids" in made.columns) == types
        assert made.spell(single) == [(f"{bpe.CLS}{PAIR.text}{bpe.SEP}", False), ("bad", True)]


def test_a_causal_model_reads_the_end_token_last() -> None:
    made = encoder_of(project("text-classification"), vocabularies.causal(begin=True), LABELS)
    [pair], [single] = (made.encode(record, Tally()) for record in (PAIR, Labelled(text="fox", label="bad")))
    begin, end = "<|begin|>", bpe.END_OF_TEXT
    assert made.spell(pair) == [(f"{begin}{PAIR.text}{end}{begin}a dog{end}", False), ("good", True)]
    assert made.spell(single) == [(f"{begin}fox{end}", False), ("bad", True)]


def test_a_class_that_the_project_does_not_have_is_counted() -> None:
    tally = Tally()
    made = encoder_of(project("text-classification"), vocabularies.encoder(), LABELS)
    assert made.encode(Labelled(text="fox", label="odd"), tally) == []
    assert (tally.removed, tally.examples) == ({UNKNOWN_LABEL: 1}, {UNKNOWN_LABEL: ["odd: fox"]})


@any_vocabulary
@given(text=st.text(max_size=40), text_pair=st.text(max_size=40), max_length=st.integers(8, 40))
def test_special_tokens_stay_at_every_length(name: str, text: str, text_pair: str, max_length: int) -> None:
    vocabulary = VOCABULARIES[name]
    record = Labelled(text=text, text_pair=text_pair, label="good")
    whole, cut = (
        encoder_of(project("text-classification", limit), vocabulary, LABELS).encode(record, Tally())[0]
        for limit in (10_000, max_length)
    )
    ids = cut.columns["input_ids"]
    assert cut.length == len(ids) == min(whole.length, max_length)
    assert cut.truncated == (whole.length > max_length)
    specials = set(vocabulary.tokenizer.get_added_tokens_decoder())
    kept = [[token for token in each.columns["input_ids"] if token in specials] for each in (whole, cut)]
    assert kept[0] == kept[1]
    assert ids[-1] == vocabulary.end


@given(lengths=st.lists(st.integers(0, 30), min_size=1, max_size=2), room=st.integers(0, 40))
def test_the_longer_text_is_cut_first(lengths: list[int], room: int) -> None:
    kept = [len(text) for text in longest_first([list(range(length)) for length in lengths], room)]
    left = list(lengths)
    while sum(left) > room:
        left[-1 if left[-1] >= left[0] else 0] -= 1
    assert kept == left

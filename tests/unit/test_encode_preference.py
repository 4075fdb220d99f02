from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.data.encode import encoder_of
from msopt_tui.data.encode.causal import NO_ROOM, REFUSED
from msopt_tui.data.encode.preference import SAME_ANSWERS, PreferenceEncoder
from msopt_tui.data.records.record import Message, Preference
from msopt_tui.data.tally import Tally
from msopt_tui.data.vocabulary import Vocabulary
from tests import vocabularies
from tests.vocabularies import ALTERNATING, CHATML, HEADERS, THOUGHTS, project

ASKED = [
    Message("user", "Who jumps?"),
    Message("assistant", "The fox."),
    Message("user", "Over whom?"),
]
RECORD = Preference(prompt=ASKED, chosen="The dog 🙂.", rejected="No")
FORMATS = {
    "plain": vocabularies.causal(),
    "ChatML": vocabularies.causal(CHATML),
    "headers": vocabularies.causal(HEADERS, begin=True),
    "thoughts": vocabularies.causal(THOUGHTS),
    "alternating": vocabularies.causal(ALTERNATING),
}
any_format = pytest.mark.parametrize("name", FORMATS)


def encoder(vocabulary: Vocabulary, max_length: int = 256) -> PreferenceEncoder:
    made = encoder_of(project("preference", max_length), vocabulary)
    assert isinstance(made, PreferenceEncoder)
    return made


def test_only_the_answers_differ_and_only_they_are_learned() -> None:
    made = encoder(vocabularies.causal(CHATML))
    [example] = made.encode(RECORD, Tally())
    before = (
        "<|im_start|>user\nWho jumps?<|im_end|>\n<|im_start|>assistant\nThe fox.<|im_end|>\n"
        "<|im_start|>user\nOver whom?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert made.spell(example) == [
        (before, False),
        ("The dog 🙂.<|im_end|>", True),
        ("\n", False),
        ("No<|im_end|>", True),
    ]
    assert example.supervised == 1
    assert example.ended
    assert not example.truncated
    assert dict(made.columns) == {
        "chosen_ids": "<u2",
        "chosen_supervised": "|u1",
        "rejected_ids": "<u2",
        "rejected_supervised": "|u1",
    }


@any_format
@settings(max_examples=40)
@given(
    chosen=st.text(min_size=1, max_size=30), rejected=st.text(min_size=1, max_size=30), max_length=st.integers(8, 100)
)
def test_both_rows_begin_with_the_same_prompt_at_every_length(
    name: str, chosen: str, rejected: str, max_length: int
) -> None:
    vocabulary = FORMATS[name]
    record = Preference(prompt=ASKED, chosen=f"{chosen}.", rejected=f"{rejected}!")
    tally = Tally()
    examples = encoder(vocabulary, max_length).encode(record, tally)
    assert len(examples) + tally.removed[NO_ROOM] == 1
    for example in examples:
        prompts = []
        for which in ("chosen", "rejected"):
            ids, supervised = example.columns[f"{which}_ids"], example.columns[f"{which}_supervised"]
            assert len(ids) == len(supervised) <= max_length
            learned = sum(supervised)
            assert learned > 0
            assert list(supervised) == [0] * (len(ids) - learned) + [1] * learned
            prompts.append(list(ids[: len(ids) - learned]))
        # Where nothing is left of the prompt, the first token that is not learned is the answer's.
        assert prompts[0] == prompts[1] or len(prompts[0]) == len(prompts[1]) == 1
        assert example.length == len(example.columns["chosen_ids"]) + len(example.columns["rejected_ids"])
        assert example.truncated == bool(tally.changed["examples cut to fit"])


def test_the_oldest_exchange_goes_first() -> None:
    vocabulary = vocabularies.causal(CHATML)
    [short] = encoder(vocabulary).encode(Preference(prompt=ASKED[2:], chosen="The dog.", rejected="No"), Tally())
    limit = len(short.columns["chosen_ids"])
    [cut] = encoder(vocabulary, limit).encode(Preference(prompt=ASKED, chosen="The dog.", rejected="No"), Tally())
    assert cut.columns == short.columns
    assert cut.truncated


def test_what_teaches_nothing_is_counted() -> None:
    tally = Tally()
    made = encoder(vocabularies.causal(ALTERNATING))
    assert made.encode(Preference(prompt=ASKED, chosen="Yes", rejected="Yes"), tally) == []
    assert made.encode(Preference(prompt=ASKED[:2], chosen="Yes", rejected="No"), tally) == []
    assert tally.removed == {SAME_ANSWERS: 1, REFUSED: 1}

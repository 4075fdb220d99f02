from __future__ import annotations

import math
from typing import get_args, get_type_hints

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from msopt_tui.config.schema import TaskTable
from msopt_tui.data.errors import DataError
from msopt_tui.ml.metrics.translation import TOKENIZERS, bleu, check_tokenizer, chrf

VERSION = sacrebleu.__version__
TEXTS = st.text(st.sampled_from("ab c,.的नमस्ते"), max_size=12)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5)


def one(hypothesis: str, reference: str, tokenize: str = "13a") -> float:
    value = bleu([hypothesis], [reference], tokenize).value
    assert value is not None
    return value


def test_bleu_counted_by_hand() -> None:
    # Precisions 6/7, 5/6, 4/5, 3/4; the hypothesis is the longer one.
    assert one("the cat sat on the mat today", "the cat sat on the mat") == pytest.approx(100 * (3 / 7) ** 0.25)
    # All precisions 1, 4 words for 6.
    assert one("the cat sat on", "the cat sat on the mat") == pytest.approx(100 * math.exp(1 - 6 / 4))


def test_bleu_counts_a_word_as_often_as_the_reference_has_it() -> None:
    # Papineni et al. 2002, 2.1: 2 of 7 words. No pair and no more match: exponential smoothing halves for each.
    expected = (2 / 7 * 1 / (2 * 6) * 1 / (4 * 5) * 1 / (8 * 4)) ** 0.25
    assert one("the the the the the the the", "the cat is on the mat") == pytest.approx(100 * expected)


def test_bleu_sums_over_the_corpus_before_it_divides() -> None:
    # An empty hypothesis for 4 words, and 6 words without fault: all precisions 1, 6 words for 10.
    result = bleu(["", "a b c d e f"], ["w x y z", "a b c d e f"])
    assert result.value == pytest.approx(100 * math.exp(1 - 10 / 6))


@pytest.mark.parametrize(("hypothesis", "reference"), [("", ""), ("", "a b c d"), ("a b c d", ""), ("a b c", "a b c")])
def test_bleu_without_a_match_or_four_words(hypothesis: str, reference: str) -> None:
    assert one(hypothesis, reference) == 0


def test_bleu_by_tokenizer() -> None:
    chinese = "我爱北京"
    assert [one(chinese, chinese, name) for name in ("13a", "zh", "char")] == pytest.approx([0, 100, 100])
    japanese = "猫が好きです"
    assert one(japanese, japanese, "char") == pytest.approx(100)
    # 。 is a token of its own for `intl` (4 of 5 words match), and part of the word before for `13a`.
    assert one("one two three four。", "one two three four", "intl") == pytest.approx(100 * (1 / 5) ** 0.25)
    assert one("one two three four。", "one two three four") == pytest.approx(100 * (1 / 8) ** 0.25)


@pytest.mark.parametrize("tokenize", ["13a", "intl", "zh", "char"])
def test_bleu_s_signature_says_how(tokenize: str) -> None:
    signature = bleu(["a b"], ["a b"], tokenize).signature
    assert signature == f"nrefs:1|case:mixed|eff:no|tok:{tokenize}|smooth:exp|version:{VERSION}"


def test_a_tokenizer_that_is_not_there_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_ja_mecab.MeCab", None)
    with pytest.raises(DataError, match=r"pip install 'sacrebleu\[ja\]'; or take 'char'"):
        check_tokenizer("ja-mecab")
    with pytest.raises(DataError, match="'spm' is unknown; there are: 13a, intl, zh, char, ja-mecab"):
        bleu([], [], "spm")


def test_ours_are_tokenizers_of_sacrebleu_and_the_setting_s_choices() -> None:
    assert TOKENIZERS.keys() == {*get_args(get_type_hints(TaskTable)["bleu_tokenize"])}
    assert TOKENIZERS.keys() <= sacrebleu.BLEU.TOKENIZERS


def test_chrf_counted_by_hand() -> None:
    # Characters 2/3, pairs 1/2, threes 0, longer ones there are none: the mean of both precision and recall is 7/18.
    assert chrf(["abc"], ["abd"]).value == pytest.approx(100 * 7 / 18)
    # Precision 1, recall the mean of 1/2 and 1/3: recall weighs twice.
    assert chrf(["a b"], ["ab cd"]).value == pytest.approx(100 * 25 / 53)
    assert chrf(["a"], ["a"]).signature == f"nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{VERSION}"


@pytest.mark.parametrize("text", ["我爱北京", "猫が好き", "مرحبا بالعالم", "नमस्ते दुनिया", "x"])
def test_chrf_needs_no_tokenizer(text: str) -> None:
    assert chrf([text], [text]).value == pytest.approx(100)


@pytest.mark.parametrize(("hypothesis", "reference"), [("", ""), ("", "a"), ("a", ""), ("a", "b")])
def test_chrf_without_a_match(hypothesis: str, reference: str) -> None:
    assert chrf([hypothesis], [reference]).value == 0


def test_no_rows_are_no_figure_and_a_missing_row_is_an_error() -> None:
    assert (bleu([], []).value, chrf([], []).value) == (None, None)
    with pytest.raises(ValueError, match="2 hypotheses, but 1 references"):
        bleu(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="0 hypotheses, but 1 references"):
        chrf([], ["a"])


@settings(max_examples=50)
@given(PAIRS)
def test_within_bounds_and_the_same_in_any_order(pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = map(list, zip(*pairs, strict=True))
    for result, again in (
        (bleu(hypotheses, references), bleu(hypotheses[::-1], references[::-1])),
        (chrf(hypotheses, references), chrf(hypotheses[::-1], references[::-1])),
    ):
        assert result.value is not None
        assert 0 <= result.value <= 100 + 1e-9
        assert result == again


@settings(max_examples=50)
@given(st.lists(st.lists(st.sampled_from(["un", "दो", "三"]), min_size=4, max_size=7).map(" ".join), min_size=1))
def test_identity_is_full(texts: list[str]) -> None:
    assert bleu(texts, texts).value == pytest.approx(100)
    assert chrf(texts, texts).value == pytest.approx(100)

from __future__ import annotations

import socket
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.ml.metrics.average import percent
from msopt_tui.ml.metrics.rouge import KINDS, rouge, rouge_mean, rouge_pair
from msopt_tui.ml.metrics.words import segments, words

TEXTS = st.text(st.sampled_from("ab 1,.的カーกี्हिल\u0301éß—"), max_size=12)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6)


def three(prediction: str, reference: str) -> list[float]:
    return [100 * rouge_pair(prediction, reference)[kind] for kind in KINDS]


def test_counted_by_hand() -> None:
    # Words: 5 of 5 and of 6. Pairs: the-cat, on-the, the-mat, 3 of 4 and of 5. Longest common subsequence: 5.
    assert three("the cat on the mat", "The cat sat on the mat.") == pytest.approx([1000 / 11, 200 / 3, 1000 / 11])


def test_the_paper_s_example() -> None:
    # Lin 2004, 3.1: as to pairs of words both are alike, as to the longest common subsequence 3/4 and 2/4.
    reference = "police killed the gunman"
    assert three("police kill the gunman", reference) == pytest.approx([75, 100 / 3, 75])
    assert three("the gunman kill police", reference) == pytest.approx([75, 100 / 3, 50])


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("我爱北京。", "我爱上海！", [50, 100 / 3, 50]),
        ("猫が好き", "犬が好き", [75, 200 / 3, 75]),
        ("ラーメン", "ラーメン", [100, 100, 100]),
        ("ذهب الولد إلى المدرسة", "ذهب الولد إلى البيت.", [75, 200 / 3, 75]),
        ("मैं घर जा रहा हूँ", "मैं स्कूल जा रहा हूँ।", [80, 50, 80]),
        ("학교에 간다", "학교에 갔다", [50, 0, 50]),
        ("Café « NOËL »", "cafe\u0301 – noe\u0308l", [100, 100, 100]),
    ],
)
def test_other_scripts(prediction: str, reference: str, expected: list[float]) -> None:
    assert three(prediction, reference) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("prediction", "reference"), [("", ""), ("", "a b"), ("a b", ""), ("…—!", "a b"), ("。", "。")]
)
def test_a_side_without_words_scores_nothing(prediction: str, reference: str) -> None:
    assert three(prediction, reference) == [0, 0, 0]


def test_one_word_has_no_pair_of_words() -> None:
    assert three("yes", "Yes!") == [100, 0, 100]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop_me 2nd", ["don", "t", "stop", "me", "2nd"]),
        ("iPhone手机2024年", ["iphone", "手", "机", "2024", "年"]),
        ("ภาษาที่ ๑๒", ["ภ", "า", "ษ", "า", "ที่", "๑๒"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("“quoted”—dash…", ["quoted", "dash"]),
        ("人々は〇", ["人", "々", "は", "〇"]),
        ("👍🏽 ₩ ©", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_segments_keep_what_is_no_letter() -> None:
    assert segments("在 GPU-0 上 運行 50%") == ["在", "GPU-0", "上", "運", "行", "50%"]


@given(st.text(string.printable, max_size=40), st.text(string.printable, max_size=40))
def test_ascii_is_scored_as_by_the_library_itself(prediction: str, reference: str) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    scores = RougeScorer(list(KINDS), use_stemmer=False).score(reference, prediction)
    assert rouge_pair(prediction, reference) == {kind: scores[kind].fmeasure for kind in KINDS}


@given(PAIRS)
def test_within_bounds_and_the_same_in_any_order(pairs: list[tuple[str, str]]) -> None:
    result = rouge(*map(list, zip(*pairs, strict=True)))
    assert all(value is not None and 0 <= value <= 100 for value in result.values())
    assert result == rouge(*map(list, zip(*reversed(pairs), strict=True)))
    assert result == rouge(*map(list, zip(*sorted(pairs), strict=True)))


@given(TEXTS)
def test_a_text_is_like_itself(text: str) -> None:
    found = len(words(text))
    assert three(text, text) == [100 * (found > 0), 100 * (found > 1), 100 * (found > 0)]


def test_the_mean_is_over_pairs() -> None:
    assert rouge(["a b", "c"], ["a b", "d e f"]) == {"rouge1": 50.0, "rouge2": 50.0, "rougeL": 50.0}
    assert rouge_mean([]) == {"rouge1": None, "rouge2": None, "rougeL": None}
    with pytest.raises(ValueError, match="shorter"):
        rouge(["a"], [])


def test_the_sum_is_rounded_once() -> None:
    assert percent([0.1] * 10) == 10.0
    assert percent([]) is None


def test_no_data_of_nltk_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("looked for data")

    for name in ("nltk.data.find", "nltk.data.load", "nltk.download"):
        monkeypatch.setattr(name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert rouge(["One. Two."], ["One. Three."])["rougeL"] == pytest.approx(50)

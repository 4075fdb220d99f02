from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msopt_tui.data.errors import DataError
from msopt_tui.ml.metrics.null_threshold import BestThreshold, best_exact_match, best_f1, with_threshold
from msopt_tui.ml.metrics.squad import AnswerScore, Rules, Scorer, Segmentation, summary

V1, V2 = Scorer("1.1"), Scorer("2.0")
MIXED = Scorer("2.0", "mixed")

TEXTS = st.lists(st.sampled_from([*"ab ,—“的カที่", "the ", " an "]), max_size=6).map("".join)
ANSWERS = st.lists(TEXTS, max_size=3)
QUESTIONS = st.lists(st.tuples(TEXTS, ANSWERS), min_size=1, max_size=8)
SCORERS = st.builds(Scorer, st.just("2.0"), st.sampled_from(["words", "mixed"]))


def pair(score: AnswerScore) -> tuple[float, float]:
    return score.exact_match, score.f1


@pytest.mark.parametrize("scorer", [V1, V2], ids=["1.1", "2.0"])
@pytest.mark.parametrize(
    ("prediction", "answers", "expected"),
    [
        ("The Denver Broncos!", ["denver  broncos"], (1, 1)),
        ("U.S.", ["the US"], (1, 1)),
        ("well-known", ["wellknown"], (1, 1)),
        ("anthem of a theatre", ["anthem of theatre"], (1, 1)),
        # 2 of 3 words, and all 2: 2 · 2/3 · 1 / (2/3 + 1).
        ("Santa Clara, California", ["Santa Clara"], (0, 0.8)),
        # A word counts as often as both have it.
        ("New York New York", ["New York"], (0, 2 / 3)),
        # The best over the references, for each figure by itself.
        ("gold", ["the golden anniversary", "gold-themed", "Gold."], (1, 1)),
        ("red gold", ["gold coin", "gold"], (0, 2 / 3)),
        ("silver", ["gold"], (0, 0)),
        # Only ASCII's punctuation goes, in both scripts.
        ("“Paris”", ["Paris"], (0, 0)),
        ("“Paris”", ['"“Paris”."'], (1, 1)),
        ("Café", ["CAFÉ"], (1, 1)),
        ("القاهرة", ["القاهرة."], (1, 1)),
        ("नई दिल्ली", ["दिल्ली"], (0, 2 / 3)),
        ("nothing here", ["", "gold"], (0, 0)),
    ],
)
def test_both_scripts_agree(scorer: Scorer, prediction: str, answers: list[str], expected: tuple[float, float]) -> None:
    assert pair(scorer.score(prediction, answers)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("prediction", "answers", "first", "second"),
    [
        # Nothing left on both sides.
        ("the", ["A"], (1, 0), (1, 1)),
        ("", ["..."], (1, 0), (1, 1)),
        # 2.0 leaves an empty reference out where there is another.
        ("", ["", "gold"], (1, 0), (0, 0)),
        ("gold", [""], (0, 0), (0, 0)),
    ],
)
def test_where_the_scripts_differ(
    prediction: str, answers: list[str], first: tuple[float, float], second: tuple[float, float]
) -> None:
    assert pair(V1.score(prediction, answers)) == first
    assert pair(V2.score(prediction, answers)) == second


@pytest.mark.parametrize(("prediction", "right"), [("", 1), ("the", 1), (" ", 1), ("gold", 0)])
def test_unanswerable(prediction: str, right: int) -> None:
    assert V2.score(prediction, []) == AnswerScore(right, right, has_answer=False)


def test_unanswerable_under_the_first_rules_is_refused() -> None:
    with pytest.raises(DataError, match=r"take the rules of 2\.0"):
        V1.score("", [])


@pytest.mark.parametrize(
    ("prediction", "answer", "expected"),
    [
        ("北京大学。", "《北京大学》", (1, 1)),
        # 4 of 4 and of 7 characters.
        ("北京大学", "北京大学图书馆", (0, 8 / 11)),
        # Another order is the same bag of characters (the longest common substring of CMRC 2018 would be 2 of 4).
        ("大学北京", "北京大学", (0, 1)),
        ("約５０匹の猫", "約５０匹の犬", (0, 0.8)),
        ("iPhone 手机", "iphone手机", (1, 1)),
        ("ที่ไทย", "ไทย", (0, 6 / 7)),
        # English in it keeps its articles.
        ("the gold", "gold", (0, 2 / 3)),
        ("「東京」", "東京", (1, 1)),
    ],
)
def test_mixed_segmentation(prediction: str, answer: str, expected: tuple[float, float]) -> None:
    assert pair(MIXED.score(prediction, [answer])) == pytest.approx(expected)


def test_without_it_a_text_without_spaces_is_one_word() -> None:
    assert pair(V2.score("北京大学", ["北京大学图书馆"])) == (0, 0)


def test_the_summary_takes_answerable_and_unanswerable_apart() -> None:
    scores = [
        V2.score("gold", ["gold"]),
        V2.score("gold coin", ["gold"]),
        V2.score("", ["gold"]),
        V2.score("", []),
        V2.score("gold", []),
    ]
    assert summary(scores) == pytest.approx(
        {
            "exact_match": 40,
            "f1": 100 * (1 + 2 / 3 + 1) / 5,
            "has_answer_exact_match": 100 / 3,
            "has_answer_f1": 100 * (1 + 2 / 3) / 3,
            "no_answer_exact_match": 50,
        }
    )
    assert summary(scores[:2]).keys() == {"exact_match", "f1"}
    assert summary(scores[3:])["has_answer_f1"] is None
    assert summary([]) == {"exact_match": None, "f1": None}


@given(SCORERS, QUESTIONS)
def test_exact_match_is_at_most_f1_and_both_are_shares(scorer: Scorer, questions: list[tuple[str, list[str]]]) -> None:
    scores = [scorer.score(*question) for question in questions]
    assert all(0 <= one.exact_match <= one.f1 <= 1 for one in scores)
    figures = summary(scores)
    assert all(value is None or 0 <= value <= 100 for value in figures.values())
    assert figures == summary(scores[::-1])


@given(SCORERS, TEXTS, ANSWERS)
def test_a_reference_is_right(scorer: Scorer, answer: str, more: list[str]) -> None:
    if scorer.tokens(answer):
        assert pair(scorer.score(answer, [*more, answer])) == (1, 1)


@given(st.sampled_from(["1.1", "2.0"]), st.sampled_from(["words", "mixed"]), TEXTS, st.permutations(["a b", "的", "c"]))
def test_references_have_no_order(rules: Rules, segmentation: Segmentation, text: str, answers: Sequence[str]) -> None:
    scorer = Scorer(rules, segmentation)
    assert scorer.score(text, answers) == scorer.score(text, ["a b", "的", "c"])


def answered(*, has_answer: bool, right: float) -> AnswerScore:
    return AnswerScore(float(right == 1), right, has_answer)


RIGHT, WRONG = answered(has_answer=True, right=1), answered(has_answer=True, right=0)
HALF = answered(has_answer=True, right=0.5)
OVERCONFIDENT, SILENT = answered(has_answer=False, right=0), answered(has_answer=False, right=1)


def test_the_best_threshold_found_by_hand() -> None:
    # Nothing answered: 2 right. From the lowest on: 3, 2, 3, 3; the first place that reaches 3 is kept.
    scores, null = [RIGHT, OVERCONFIDENT, RIGHT, SILENT], [0.1, 0.5, 0.7, 0.9]
    assert best_exact_match(scores, null) == BestThreshold(75, 0.1)
    assert summary(with_threshold(scores, null, 0.1))["exact_match"] == 75
    # Exact match and F1 have their own.
    assert best_exact_match([HALF, OVERCONFIDENT], [0.2, 0.4]) == BestThreshold(50, 0)
    assert best_f1([HALF, OVERCONFIDENT], [0.2, 0.4]) == BestThreshold(75, 0.2)


def test_equal_null_scores_come_in_together() -> None:
    assert best_exact_match([RIGHT, OVERCONFIDENT, WRONG], [0.5, 0.5, 0.7]) == BestThreshold(100 / 3, 0)
    assert best_exact_match([OVERCONFIDENT, RIGHT, RIGHT], [0.5, 0.5, 0.5]) == BestThreshold(200 / 3, 0.5)


def test_no_threshold_without_questions_or_for_a_score_that_is_none() -> None:
    assert best_f1([], []) is None
    assert best_f1([RIGHT], [math.nan]) is None


@given(
    st.lists(
        st.tuples(st.sampled_from([RIGHT, WRONG, HALF, OVERCONFIDENT, SILENT]), st.integers(-4, 4)),
        min_size=1,
        max_size=8,
    )
)
def test_no_other_threshold_is_better(rows: list[tuple[AnswerScore, int]]) -> None:
    scores, null = [score for score, _ in rows], [float(at) for _, at in rows]
    for name, best in (("exact_match", best_exact_match(scores, null)), ("f1", best_f1(scores, null))):
        assert best is not None

        def at(threshold: float, name: str = name) -> float:
            return summary(with_threshold(scores, null, threshold))[name] or 0.0

        assert at(best.threshold) == pytest.approx(best.value)
        assert best.value == pytest.approx(max(at(threshold) for threshold in range(-5, 5)))
        assert best == (best_f1 if name == "f1" else best_exact_match)(scores[::-1], null[::-1])

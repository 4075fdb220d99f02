"""The sample projects: every file is accepted, and the trivial answers they are compared with are what they say."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import sample_baselines as baselines
from benchmarks import samples
from benchmarks.samples import Result
from msopt_tui.config.load import load_project
from msopt_tui.data.records.record import Labelled, Pair, Question
from msopt_tui.data.split import SplitName
from msopt_tui.protocol.events import Evaluated
from msopt_tui.protocol.metrics import METRICS
from msopt_tui.runs.journal import JournalWriter

CONTEXT = "queue.Queue.get(self, block=True)\n\nRemove an item. It waits,\ne.g. for ever.\n\nRaises Empty."
METHOD = "@property\nasync def _read_all(self, size=1):\n    return 1"


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_a_sample_is_a_project_that_runs_offline(name: str) -> None:
    config = load_project(samples.project_file(name))
    assert config.project.name == name
    assert not config.model.pretrained
    assert {source.kind for source in config.data.sources} <= {
        "python-topics",
        "python-functions",
        "python-questions",
        "package-docstrings",
        "bible-verses",
    }
    assert config.evaluate.metric_for_best_model in METRICS
    assert config.train.max_steps > 0


def test_the_most_frequent_class_is_counted_in_train_and_judged_in_test() -> None:
    train = [Labelled(text="x", label=label) for label in "aab"]
    assert baselines.most_frequent_class(train) == "a"
    metrics = baselines.always("a", [Labelled(text="y", label=label) for label in "abba"])
    assert metrics["accuracy"] == 50.0
    assert metrics["f1_macro"] == pytest.approx(100 * (2 / 3) / 2)


def test_copying_is_perfect_where_nothing_changes_and_not_elsewhere() -> None:
    same = [Pair(source="In the beginning was the word.", target="In the beginning was the word.")]
    assert baselines.copied(same) == {"bleu": pytest.approx(100.0), "chrf": pytest.approx(100.0)}
    other = baselines.copied([Pair(source="Thou art the man.", target="You are the man.")])
    assert other["chrf"] is not None
    assert 0 < other["chrf"] < 100


def test_summaries_without_reading_are_the_line_or_the_name_of_a_function() -> None:
    assert baselines.lead_line(METHOD) == "async def _read_all(self, size=1):"
    assert baselines.name_in_words(METHOD) == "read all"
    assert baselines.lead_line("x = 1\ny") == "x = 1"
    assert baselines.name_in_words("x = 1") == ""
    pairs = [Pair(source=METHOD, target="Read all")]
    assert baselines.summarised(pairs, baselines.name_in_words)["rougeL"] == pytest.approx(100.0)


def test_the_summary_for_all_is_the_one_most_like_the_others() -> None:
    texts = ["Return the size.", "Return the name of it.", "Open.", "Return the name.", "Return the colour."]
    pairs = [Pair(source="", target=text) for text in texts]
    assert baselines.one_for_all(pairs) in texts
    assert baselines.one_for_all(pairs) != "Open."


def test_the_first_sentence_is_that_of_the_docstring() -> None:
    assert baselines.first_sentence(CONTEXT) == "Remove an item"
    assert baselines.first_sentence("f()\n\nno end") == "no end"
    assert baselines.first_sentence("f()") == ""


def test_answering_nothing_is_right_where_nothing_is_the_answer() -> None:
    asked = [Question(context=CONTEXT, question="?", answers=["Remove an item"], starts=[35])]
    asked += [Question(context=CONTEXT, question="?")]
    nothing = baselines.answered(asked, lambda _: "")
    assert (nothing["exact_match"], nothing["no_answer_exact_match"]) == (50.0, 100.0)
    first = baselines.answered(asked, lambda row: baselines.first_sentence(row.context))
    assert (first["exact_match"], first["has_answer_exact_match"]) == (50.0, 100.0)


IDS = st.lists(st.integers(0, 4), min_size=2, max_size=40)


@given(IDS, IDS)
def test_counted_tokens_are_a_probability_over_the_vocabulary(train: list[int], test: list[int]) -> None:
    for nats in (baselines.unigram_nats, baselines.bigram_nats):
        for before in range(5):
            after = [nats(np.array(train), np.array([before, token]), 5) for token in range(5)]
            assert sum(math.exp(-one) for one in after) == pytest.approx(1.0)
        pieces = sum(nats(np.array(train), np.array(pair), 5) for pair in pairwise(test))
        assert nats(np.array(train), np.array(test), 5) == pytest.approx(pieces)


def test_bits_are_of_the_bytes_that_are_given() -> None:
    train = np.array([0, 1] * 200)
    metrics = baselines.counted(baselines.unigram_nats, train, np.array([0, 1, 0]), 2, 4)
    assert metrics["bits_per_byte"] == pytest.approx(2 * 1.0 / 4)


def result(seed: int, accuracy: float | None) -> Result:
    return Result("which-library", seed, "k", {"accuracy": accuracy, "f1_macro": 10.0}, 5, 2.0, 30.0 + seed)


def test_the_table_says_mean_range_and_what_is_trivial() -> None:
    trivial = {"which-library": {"most frequent class": {"accuracy": 12.34, "f1_macro": 2.0}}}
    text = samples.table(trivial, [result(1, 40.0), result(2, 50.0), result(3, 45.0)])
    row = "| which-library | accuracy (%) ↑ | **45.0** (40.0 to 50.0) | most frequent class 12.3 | 32 s |"
    assert text.splitlines()[2] == row
    assert "| – | most frequent class 12.3 | – |" in samples.table(trivial, [])


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run(name: str, seed: int, settings: list[str], _work: Path) -> Result:
        asked.append(seed)
        return Result(name, seed, samples.key_of(name, settings), {"accuracy": 1.0, "f1_macro": None}, 5, 2.0, 3.0)

    monkeypatch.setattr(samples, "run", run)
    path = tmp_path / "results.jsonl"
    first = samples.measure(["which-library"], [1, 2], [], tmp_path, path)
    assert samples.measure(["which-library"], [2, 3], [], tmp_path, path)[0] == first[1]
    assert asked == [1, 2, 3]
    samples.measure(["which-library"], [3], ["train.max_steps=7"], tmp_path, path)
    assert asked == [1, 2, 3, 3]


def test_a_run_is_judged_by_its_test_evaluation(tmp_path: Path) -> None:
    def evaluated(split: SplitName, accuracy: float) -> Evaluated:
        assert split != "train"
        return Evaluated(step=3, round=1, split=split, reason="final", metrics={"accuracy": accuracy}, seconds=1.0)

    path = tmp_path / "events.jsonl"
    writer = JournalWriter(path)
    writer.append([evaluated("validation", 9.0), evaluated("test", 7.0)])
    writer.close()
    assert samples.test_evaluation(path).metrics == {"accuracy": 7.0}

from __future__ import annotations

from msopt_tui.protocol.events import Sample
from msopt_tui.state.figures import figures, leading
from msopt_tui.state.samples import MOST, sample_line


def test_metrics_go_by_their_labels_with_the_sign_of_a_percentage() -> None:
    assert figures({"loss": 2.61, "accuracy": 58.823, "bleu": None}) == "loss 2.610, accuracy 58.82 %, BLEU ✗"
    assert figures({"of_somebody_else": 0.5}) == "of_somebody_else 0.5000"


def test_a_tasks_own_metrics_come_before_what_follows_from_the_loss() -> None:
    metrics: dict[str, float | None] = {"loss": 1.0, "perplexity": 2.7, "bits_per_byte": 0.4, "accuracy": 40.0}
    assert list(leading(metrics, "loss")) == ["loss", "perplexity", "bits_per_byte"]
    assert list(leading(metrics | {"rouge1": 30.0, "rouge2": 9.0}, "loss")) == ["loss", "rouge1", "rouge2"]
    assert list(leading(metrics | {"rouge1": 30.0}, "accuracy")) == ["loss", "accuracy", "rouge1"]
    assert list(leading(metrics, None)) == ["loss", "perplexity", "bits_per_byte"]


def test_a_sample_is_one_line() -> None:
    assert sample_line(Sample(prompt="Once", text=" upon\na time")) == "» Once |  upon a time"
    right = Sample(prompt="Q", text="yes", reference="yes", note="confidence 0.98", correct=True)
    assert sample_line(right) == "✓ Q | yes (confidence 0.98)"
    wrong = Sample(prompt="Q", text=" ", reference="yes", correct=False)
    assert sample_line(wrong) == "✗ Q | (nothing) | should be: yes"


def test_an_article_is_not_printed_whole() -> None:
    line = sample_line(Sample(prompt="a" * 5_000, text="b", reference="c"))
    assert line == f"» {'a' * MOST}… (4,840 more characters) | b | should be: c"

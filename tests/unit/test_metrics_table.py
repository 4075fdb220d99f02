from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from msopt_tui.protocol.metrics import METRICS, Metric
from msopt_tui.reference import metrics_markdown

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
EVERY = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))


def test_the_page_in_docs_is_what_the_table_says() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics_markdown(), "python -m msopt_tui.reference metrics > docs/metrics.md"


@EVERY
def test_a_metric_is_defined_and_fits_a_narrow_column(metric: Metric) -> None:
    assert metric.label
    assert 0 < len(metric.short) <= 6, metric.short
    assert metric.definition[-1] == "."
    assert 0 <= metric.digits <= 4
    assert f"| `{metric.name}` |" in metrics_markdown()


@EVERY
def test_a_share_in_a_narrow_column_that_says_per_cent_is_one(metric: Metric) -> None:
    assert metric.unit == "%" or "%" not in metric.short


def test_no_two_look_alike() -> None:
    for texts in ([m.label for m in METRICS.values()], [m.short for m in METRICS.values()]):
        assert len(set(texts)) == len(texts), texts


def test_importing_the_metrics_loads_no_library_that_costs_start_time() -> None:
    modules = ("rouge", "translation", "squad", "null_threshold", "classification", "likelihood")
    script = "; ".join(f"import msopt_tui.ml.metrics.{name}" for name in modules)
    script += (
        "; import sys; print(*sorted({'torch', 'transformers', 'nltk', 'rouge_score', 'sacrebleu'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

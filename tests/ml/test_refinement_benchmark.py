"""The refinement benchmark works: a few steps of one contestant of each kind, and a table of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import refinement


def test_a_quick_scenario_ends_in_a_table_and_is_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.jsonl"
    arguments = ["--quick", "--scenarios", "e", "--only", "WSD", "refine", "--results", str(results)]
    monkeypatch.setattr(sys, "argv", ["refinement.py", *arguments])
    refinement.main()
    table = capsys.readouterr().out
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    assert [line["contestant"] for line in lines] == ["WSD", "refine"]
    assert all(1.0 < line["bits_per_byte"] < 9.0 for line in lines)
    assert "| (e) well tuned | topics | 1 |" in table
    refinement.main()
    assert capsys.readouterr().out == table
    assert len(results.read_text(encoding="utf-8").splitlines()) == 2

"""Runs beside each other, and the tree of what branched from what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msopt_tui.actions import history
from msopt_tui.arguments import Options
from msopt_tui.compare import print_comparison
from msopt_tui.config.fields import Scalar
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.codec import encode_line
from msopt_tui.runs.history import list_runs
from msopt_tui.runs.lineage import tree
from tests.unit.runs_maker import make_run


def write_run(folder: Path, name: str, loss: float, accuracy: float, settings: dict[str, Scalar]) -> Path:
    path = folder / "docs" / name
    path.mkdir(parents=True)
    events: list[ev.Event] = [
        ev.RunStarted(run=name, project="docs", settings={"train.seed": 1, **settings}),
        ev.StepsDone(
            first=1, losses=[loss + 1 / n for n in range(1, 41)], grad_norms=[1.0] * 40, learning_rates=[0.1] * 40,
            seconds=4.0, tokens=4_000,
        ),
        ev.Evaluated(
            step=40, round=1, split="validation", reason="cadence", metrics={"loss": loss, "accuracy": accuracy},
            seconds=1.0, best=True,
        ),
        ev.RunEnded(status="completed", step=40),
    ]  # fmt: skip
    (path / "events.jsonl").write_bytes(b"".join(map(encode_line, events)))
    return path


def test_only_what_differs_is_printed_and_the_best_is_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_run(tmp_path, "one", 2.5, 40.0, {"train.learning_rate": 1e-3, "model.preset": "x"})
    two = write_run(tmp_path, "two", 2.25, 39.0, {"train.learning_rate": 3e-3, "model.preset": "x"})
    assert print_comparison([one, two], as_json=False) == 0
    shown = capsys.readouterr().out
    assert "train.learning_rate" in shown
    assert "train.seed" not in shown
    assert "model.preset" not in shown
    loss = next(line for line in shown.splitlines() if "validation loss" in line)
    assert loss.split()[-3:] == ["2.500", "2.250", "★"]
    accuracy = next(line for line in shown.splitlines() if "validation accuracy" in line)
    assert accuracy.split()[-3:] == ["40.00", "★", "39.00"]
    assert "A" in shown
    assert "training loss: A, B" in shown


def test_the_same_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [write_run(tmp_path, name, 2.0, 1.0, {"seed": name}) for name in ("one", "two", "three")]
    print_comparison(runs, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["settings"] == {"seed": ["one", "two", "three"]}
    assert found["best"] == {}, "all are equally good"


def test_branches_stand_below_what_they_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path, "root", created=1.0)
    make_run(tmp_path, "late", created=2.0, parent="root", parent_step=80)
    make_run(tmp_path, "early", created=3.0, parent="root", parent_step=40, best_loss=2.0)
    make_run(tmp_path, "leaf", created=4.0, parent="late", parent_step=90)
    make_run(tmp_path, "orphan", created=5.0, parent="gone", parent_step=1)
    make_run(tmp_path, "own", created=0.5, parent="own", parent_step=1)
    twigs = [(twig.lines, twig.row.run) for twig in tree(list_runs(tmp_path))]
    assert twigs == [
        *(("", "orphan"), ("", "root"), ("├─ ", "early"), ("└─ ", "late"), ("   └─ ", "leaf")),
        ("", "own"),
    ]
    assert history(Options(["--tree", f"--runs-dir={tmp_path}"])) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "├─ at step 40: docs/early  completed, step 0, best loss 2.000"

"""A run's figures as files: every step, what a resume did again counts, nothing of the run changes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from msopt_tui.cli import main
from msopt_tui.protocol import events as ev
from msopt_tui.runs.encode import encode_json
from msopt_tui.runs.export import export_run
from tests.unit.runs_maker import make_run


def steps(first: int, *losses: float | None) -> ev.StepsDone:
    norms: list[float | None] = [1.0] * len(losses)
    rates = [0.1] * len(losses)
    return ev.StepsDone(
        time=5.0, first=first, losses=list(losses), grad_norms=norms, learning_rates=rates, seconds=1.0, tokens=8
    )


def evaluated(step: int, **metrics: float | None) -> ev.Evaluated:
    return ev.Evaluated(
        time=6.0, step=step, round=1, split="validation", reason="cadence", metrics=metrics, seconds=1.0, best=step == 2
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = make_run(tmp_path / "runs", "20260101-000000-a", model="model", best_loss=2.0)
    (path / "model").mkdir()
    (path / "config.toml").write_text("[train]\n")
    (path / "notes.json").write_text('{"tags":["keep"]}')
    events: list[ev.Event] = [
        ev.RunStarted(run="a", project="docs", settings={}),
        ev.RoundStarted(round=1, step=0, last_step=4),
        steps(1, 3.0, 2.5, None, 9.0),
        evaluated(2, loss=2.0, accuracy=0.5),
        evaluated(4, loss=9.0),
        ev.RunStarted(run="a", project="docs", settings={}, resumed_from_step=2),
        steps(3, 2.25),
        evaluated(3, loss=1.5, bleu=None),
    ]
    (path / "events.jsonl").write_bytes(b"".join(encode_json(event) + b"\n" for event in events))
    return path


def test_as_csv(run: Path, tmp_path: Path) -> None:
    before = sorted(run.rglob("*"))
    done = export_run(run, tmp_path / "deep" / "out")
    assert (done.steps, done.evaluations, done.model) == (3, 2, run / "model")
    with (done.folder / "steps.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["step"], row["round"], row["loss"]) for row in rows] == [
        ("1", "1", "3.0"),
        ("2", "1", "2.5"),
        ("3", "1", "2.25"),
    ]
    with (done.folder / "evaluations.csv").open() as file:
        found = list(csv.DictReader(file))
    assert [(row["step"], row["best"], row["loss"], row["accuracy"], row["bleu"]) for row in found] == [
        ("2", "yes", "2.0", "0.5", ""),
        ("3", "", "1.5", "", ""),
    ]
    facts = json.loads((done.folder / "run.json").read_text())
    assert facts["record"]["best_loss"] == 2.0
    assert facts["notes"]["tags"] == ["keep"]
    assert facts["model"] == str(run / "model")
    assert (done.folder / "config.toml").read_text() == "[train]\n"
    assert sorted(run.rglob("*")) == before


def test_as_json_lines(run: Path, tmp_path: Path) -> None:
    done = export_run(run, tmp_path, "jsonl")
    rows = [json.loads(line) for line in (done.folder / "steps.jsonl").read_text().splitlines()]
    assert rows[0] == {"step": 1, "round": 1, "loss": 3.0, "grad_norm": 1.0, "learning_rate": 0.1, "time": 5.0}


def test_a_run_without_anything_yet(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs", "a")
    (run / "notes.json").write_text("{")
    done = export_run(run, tmp_path / "out")
    assert json.loads((done.folder / "run.json").read_text())["notes"] is None
    assert (done.steps, done.evaluations, done.model) == (0, 0, None)
    assert (done.folder / "steps.csv").read_text().startswith("step,round,loss")


def test_by_the_command_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = f"--runs-dir={tmp_path / 'runs'}"
    assert main(["export", run.name, str(tmp_path / "out"), where]) == 0
    assert capsys.readouterr().out == f"3 steps and 2 evaluations in {tmp_path / 'out'}\nmodel: {run / 'model'}\n"
    assert main(["export", run.name, str(tmp_path / "lines"), where, "--json"]) == 0
    assert (tmp_path / "lines" / "steps.jsonl").is_file()
    (tmp_path / "file").write_text("mine")
    assert main(["export", run.name, str(tmp_path / "file"), where]) == 1
    assert "name another folder" in capsys.readouterr().err
    assert main(["export", where]) == 3
    assert main(["export", "nothing", where]) == 3


def test_where_it_cannot_be_written(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        export_run(run, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"

"""Whole runs of the real command line in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.runs.alive import is_alive
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.runs.record import read_record
from msopt_tui.state.run_state import RunState
from tests.projects import Session, events_of, losses_of, state_of


def paused_at(step: int) -> Callable[[RunState], bool]:
    return lambda state: state.status == "paused" and state.step == step


def engine_of(run: RunDirectory) -> int:
    record = read_record(run.state)
    assert record is not None
    return record.pid


def at_once(state: RunState) -> bool:
    return state.version > 0


def test_five_steps_from_text_to_a_model_that_others_load(session: Session) -> None:
    run = session.train("refine.mode=auto", "refine.max_rounds=2", "refine.probe_steps=5")
    state = state_of(run)
    assert state.status == "completed"
    assert all(phase.status in ("done", "skipped") for phase in state.phases.values())
    assert len(state.losses) == state.step
    assert state.best is not None
    assert state.best.metrics["loss"] < state.evaluations[0].metrics["loss"]  # type: ignore[operator]  # both finite
    assert state.test is not None
    tested = [event for event in events_of(run) if isinstance(event, ev.Evaluated) and event.split == "test"]
    assert len(tested) == 1, "the test split is touched once"
    assert state.findings
    assert any(isinstance(event, ev.Decided) for event in events_of(run))
    # A process without our package loads the result, and its loss is what was reported.
    script = """
import sys, json
sys.modules["msopt_tui"] = None
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).eval()
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
ids = tokenizer("The with statement", return_tensors="pt").input_ids
with torch.no_grad():
    print(json.dumps([tokenizer.decode(ids[0]), model(ids).logits[0, -1, :5].tolist()]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(run.path / "model")],
        env=session.env,
        capture_output=True,
        text=True,
        check=True,
    )
    text, logits = json.loads(done.stdout.splitlines()[-1])
    assert text == "The with statement"
    assert len(set(logits)) > 1


def test_the_second_run_finds_its_data_prepared(session: Session) -> None:
    session.train("train.max_steps=5")
    again = state_of(session.train("train.max_steps=5"))
    assert again.data is not None
    assert again.data.cached
    assert again.data.seconds < 1.0
    assert len(again.data.sha256) == 64


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> dict[int, float | None]:
    """Losses of a hundred steps that nothing interfered with."""
    session = Session(tmp_path_factory.mktemp("undisturbed") / "work", cache)
    return losses_of(session.train("train.max_steps=100"))


def test_fifty_steps_a_stop_and_fifty_more_are_a_hundred_to_the_last_bit(
    session: Session, undisturbed: dict[int, float | None]
) -> None:
    process = session.start(str(session.project), "--headless", "train.max_steps=100")
    run = session.wait_for_latest(process)
    session.send_when(run, cmd.Pause(at_step=50), at_once)
    session.send_when(run, cmd.Stop(), paused_at(50))
    assert process.wait(60) == 0
    assert (state_of(run).status, max(losses_of(run))) == ("stopped", 50)
    resumed = session.run("resume", run.name, "--headless")
    assert resumed.returncode == 0, resumed.stdout + session.log()
    assert losses_of(run) == undisturbed
    assert len(undisturbed) == 100


def test_a_kill_behind_an_adjustment_is_replayed_to_the_last_bit(session: Session) -> None:
    """The checkpoint is of step 40, the adjustment of step 45, the kill of step 55."""
    process = session.start(str(session.project), "--headless", "train.max_steps=100")
    run = session.wait_for_latest(process)
    session.send_when(run, cmd.Pause(at_step=45), at_once)
    adjust = cmd.Adjust(changes={"train.learning_rate": 1e-3, "model.dropout": 0.3})
    session.send_when(run, adjust, paused_at(45))
    session.send_when(run, cmd.Pause(at_step=55), at_once)
    session.send_when(run, cmd.Continue(), paused_at(45))
    session.wait_for(run, paused_at(55))
    before = losses_of(run)
    os.kill(engine_of(run), signal.SIGKILL)
    assert process.wait(60) == 1, "the front end says that the engine is gone"
    assert not is_alive(read_record(run.state), run.lock)
    resumed = session.run("resume", run.name, "--headless")
    assert resumed.returncode == 0, resumed.stdout + session.log()
    after, state = losses_of(run), state_of(run)
    assert {step: after[step] for step in before} == before
    assert state.status == "completed"
    assert state.settings["train.learning_rate"] == 1e-3
    assert state.adjusted["model.dropout"] == 0.1
    assert max(after) == 100


@pytest.mark.parametrize(
    ("number", "code"),
    [pytest.param(signal.SIGTERM, 143, id="end"), pytest.param(signal.SIGUSR1, 75, id="queue again")],
)
def test_a_signal_saves_and_its_exit_code_says_what_is_wanted(
    session: Session, number: signal.Signals, code: int
) -> None:
    process = session.start(str(session.project), "--headless", "train.max_steps=100")
    run = session.wait_for_latest(process)
    session.send_when(run, cmd.Pause(at_step=30), at_once)
    session.wait_for(run, paused_at(30))
    os.kill(engine_of(run), number)
    assert process.wait(30) == code
    state = state_of(run)
    assert (state.status, max(state.checkpoints)) == ("stopped", 30)


def test_the_run_outlives_the_one_who_started_it(session: Session) -> None:
    process = session.start(str(session.project), "--headless")
    run = session.wait_for_latest(process)
    session.send_when(run, cmd.Pause(at_step=30), at_once)
    process.kill()
    process.wait()
    session.send_when(run, cmd.Continue(), paused_at(30))
    done = session.run("attach", run.name, "--headless")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "run completed" in done.stdout
    assert losses_of(run).keys() == set(range(1, 61))


def test_a_second_engine_on_a_run_is_refused(session: Session) -> None:
    process = session.start(str(session.project), "--headless", "train.max_steps=100")
    run = session.wait_for_latest(process)
    second = subprocess.run(
        [sys.executable, "-m", "msopt_tui.engine.host", str(run.path)],
        env=session.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert "another engine" in second.stdout
    process.kill()
    process.wait()
    assert session.run("stop", run.name).returncode == 0


def test_json_lines_are_the_journal(session: Session) -> None:
    done = session.run(str(session.project), "--json", "train.max_steps=5")
    assert done.returncode == 0, done.stderr
    kinds = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert kinds[-1] == "RunEnded"
    assert {"RunStarted", "DataPrepared", "ModelReady", "StepsDone", "Evaluated", "CheckpointSaved"} <= set(kinds)


def test_in_process_is_the_same_run(session: Session) -> None:
    host = losses_of(session.train())
    inside = losses_of(session.train("--in-process"))
    assert inside == host


def test_a_mistake_in_the_data_is_one_clear_line(session: Session) -> None:
    session.project.write_text(session.project.read_text().replace('"python-topics"', '"text"\npath = "no/*.txt"'))
    done = session.run(str(session.project), "--headless")
    assert done.returncode == 1
    assert "data.sources.path" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert session.latest().state.exists()


def test_check_says_the_plan_and_trains_nothing(session: Session) -> None:
    done = session.run("check", str(session.project))
    assert done.returncode == 0, done.stderr
    for word in ("train", "validation", "parameters", "memory", "steps", "checkpoints"):
        assert word in done.stdout
    assert not (session.folder / "runs").exists()


def test_show_prints_curves_and_stop_says_when_there_is_nothing_to_stop(session: Session) -> None:
    run = session.train()
    shown = session.run("show", run.name)
    assert shown.returncode == 0, shown.stderr
    assert "completed" in shown.stdout
    assert "perplexity" in shown.stdout
    assert session.run("stop", run.name).returncode == 1
    listed = session.run("history")
    assert run.name in listed.stdout
    assert "1 runs" in session.run("reindex").stdout

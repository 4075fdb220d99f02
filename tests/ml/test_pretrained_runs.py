"""Whole runs from a pretrained model, by the command line: checked, trained, stopped, resumed, exported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from msopt_tui.protocol import commands as cmd
from tests.ml.pretrained_dirs import save
from tests.ml.tiny import rows
from tests.projects import TINY, Session, losses_of, state_of

LORA = "[model.lora]\nr = 4\nalpha = 16\ndropout = 0.1\n"


@pytest.fixture
def pretrained(session: Session) -> Session:
    """The tiny project, with a random model of a directory beside it for a start and its own table of sizes left out."""
    save(session.folder)
    text = re.sub(r"\[(tokenizer|model)\]\n(?:\w.*\n)+", "", TINY).replace("max_length = 32", "max_length = 16")
    text = text.replace("max_steps = 60", "max_steps = 20").replace("eval_steps = 20", "eval_steps = 10")
    session.project.write_text(text + '[model]\npretrained = "model"\ndropout = 0.1\n', encoding="utf-8")
    return session


@pytest.mark.parametrize("lora", ["", LORA], ids=["all", "lora"])
def test_a_run_begins_where_the_saved_model_stood_and_a_resumed_one_is_the_same(pretrained: Session, lora: str) -> None:
    if lora:
        pytest.importorskip("peft")
    with pretrained.project.open("a") as file:
        file.write(lora)
    whole = pretrained.train()
    state = state_of(whole)
    assert state.status == "completed"
    assert state.model is not None
    assert (state.model.architecture, state.model.trainable < state.model.parameters) == ("llama", bool(lora))
    process = pretrained.start(str(pretrained.project), "--headless")
    while (run := pretrained.latest()) == whole or not run.events.exists():
        assert process.poll() is None
    pretrained.send_when(run, cmd.Pause(at_step=7), lambda state: state.version > 0)
    pretrained.send_when(run, cmd.Stop(), lambda state: state.status == "paused" and state.step == 7)
    assert process.wait(60) == 0
    resumed = pretrained.run("resume", run.name, "--headless")
    assert resumed.returncode == 0, resumed.stdout + pretrained.log()
    assert losses_of(run) == losses_of(whole)
    assert len(losses_of(whole)) == 20
    base, result = (
        AutoModelForCausalLM.from_pretrained(path) for path in (pretrained.folder / "model", run.path / "model")
    )
    with torch.no_grad():
        assert not torch.allclose(base(rows(1)).logits, result(rows(1)).logits, atol=1e-3)
    assert (run.path / "adapter" / "adapter_model.safetensors").exists() is bool(lora)
    assert "-lora" in run.name if lora else run.name.endswith("model")


def test_adapters_are_not_put_beside_another_base(pretrained: Session) -> None:
    pytest.importorskip("peft")
    with pretrained.project.open("a") as file:
        file.write(LORA)
    process = pretrained.start(str(pretrained.project), "--headless")
    while not (pretrained.folder / "runs" / "tiny").is_dir() or not pretrained.latest().events.exists():
        assert process.poll() is None
    run = pretrained.latest()
    pretrained.send_when(run, cmd.Pause(at_step=5), lambda state: state.version > 0)
    pretrained.send_when(run, cmd.Stop(), lambda state: state.status == "paused" and state.step == 5)
    assert process.wait(60) == 0
    (pretrained.folder / "model").rename(pretrained.folder / "gone")
    save(pretrained.folder, seed=8)
    resumed = pretrained.run("resume", run.name, "--headless")
    assert resumed.returncode == 1
    assert "learnt beside other weights than model has now" in resumed.stdout


def test_check_counts_what_learns(pretrained: Session) -> None:
    done = pretrained.run("check", str(pretrained.project), 'model.freeze=["embed_tokens"]')
    assert done.returncode == 0, done.stderr
    assert re.search(r"^model +model, [\d,]+ parameters \([\d,]+ of them learn\)", done.stdout, re.MULTILINE)
    wrong = pretrained.run("check", str(pretrained.project), 'model.freeze=["embed_token"]')
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("msopt-tui: model.freeze: 'embed_token' names no part of this model; did you mean")


def test_a_model_that_is_not_there_ends_the_run_with_one_clear_line(pretrained: Session, tmp_path: Path) -> None:
    done = pretrained.run(str(pretrained.project), "--headless", f"model.pretrained={tmp_path / 'nowhere'}")
    assert done.returncode == 1
    assert "nowhere: does not exist" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_check_shows_a_presets_parameters(session: Session) -> None:
    session.project.write_text(re.sub(r"\[model\]\n(?:\w.*\n)+", '[model]\npreset = "gpt2-small"\n', TINY))
    done = session.run("check", str(session.project))
    assert done.returncode == 0, done.stderr
    inside = 124_439_808 - (50_257 + 1024) * 768
    assert f"gpt2-small, {inside + (320 + 32) * 768:,} parameters" in done.stdout

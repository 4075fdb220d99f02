"""Whole runs from a pretrained model, by the command line: checked, trained, stopped, resumed, exported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from msopt_tui.checkup import print_check
from msopt_tui.config.load import load_project
from msopt_tui.protocol import commands as cmd
from tests.ml.pretrained_dirs import save
from tests.ml.tiny import rows
from tests.projects import TINY, Session, losses_of, state_of

LORA = "[model.lora]\nr = 4\nalpha = 16\ndropout = 0.1\n"


@pytest.fixture
def pretrained(session: Session) -> Session:
    """The tiny project without sizes and tokenizer of its own, and beside it a model of random numbers."""
    save(session.folder)
    text = re.sub(r"\[(tokenizer|model)\]\n(?:\w.*\n)+", "", TINY).replace("max_length = 32", "max_length = 16")
    text = text.replace("max_steps = 60", "max_steps = 20").replace("eval_steps = 20", "eval_steps = 10")
    session.project.write_text(text + '[model]\npretrained = "model"\ndropout = 0.1\n', encoding="utf-8")
    return session


def test_a_run_begins_with_the_model_and_exports_what_it_became(pretrained: Session) -> None:
    run = pretrained.train()
    state = state_of(run)
    assert (state.status, run.name.endswith("-model")) == ("completed", True)
    assert state.model is not None
    assert (state.model.architecture, state.model.trainable) == ("llama", state.model.parameters)
    assert changed(pretrained.folder / "model", run.path / "model")


def test_a_run_with_adapters_is_the_same_one_after_a_stop_but_not_beside_another_base(pretrained: Session) -> None:
    pytest.importorskip("peft")
    with pretrained.project.open("a") as file:
        file.write(LORA)
    whole = pretrained.train()
    process = pretrained.start(str(pretrained.project), "--headless")
    while (run := pretrained.latest()) == whole or not run.events.exists():
        assert process.poll() is None
    pretrained.send_when(run, cmd.Pause(at_step=7), lambda state: state.version > 0)
    pretrained.send_when(run, cmd.Stop(), lambda state: state.status == "paused" and state.step == 7)
    assert process.wait(60) == 0
    base = pretrained.folder / "model"
    base.rename(pretrained.folder / "away")
    save(pretrained.folder, seed=8)
    refused = pretrained.run("resume", run.name, "--headless")
    assert refused.returncode == 1
    assert "learnt beside other weights than model has now" in refused.stdout
    base.rename(pretrained.folder / "other")
    (pretrained.folder / "away").rename(base)
    resumed = pretrained.run("resume", run.name, "--headless")
    assert resumed.returncode == 0, resumed.stdout + pretrained.log()
    assert losses_of(run) == losses_of(whole)
    assert len(losses_of(whole)) == 20
    assert changed(base, run.path / "model")
    assert (run.path / "adapter" / "adapter_model.safetensors").exists()
    assert run.name.endswith("-model-lora")


def changed(before: Path, after: Path) -> bool:
    """Whether two model directories answer differently."""
    first, second = (AutoModelForCausalLM.from_pretrained(path) for path in (before, after))
    with torch.no_grad():
        return not torch.allclose(first(rows(1)).logits, second(rows(1)).logits, atol=1e-3)


def check(session: Session, cache: Path, *overrides: str) -> int:
    return print_check(load_project(session.project, overrides), session.folder, cache)


def test_check_counts_what_learns(pretrained: Session, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(pretrained, cache, 'model.freeze=["embed_tokens"]') == 0
    shown = capsys.readouterr().out
    assert re.search(r"^model +model, [\d,]+ parameters \([\d,]+ of them learn\)", shown, re.MULTILINE)


def test_what_can_not_be_used_is_one_clear_line(
    pretrained: Session, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(pretrained, cache, 'model.freeze=["embed_token"]') == 1
    assert capsys.readouterr().err.startswith(
        "msopt-tui: model.freeze: 'embed_token' names no part of this model; did you mean"
    )
    assert check(pretrained, cache, "model.pretrained=./nowhere") == 1
    said = capsys.readouterr().err
    assert said.endswith("nowhere: does not exist\n")
    assert said.count("\n") == 1


def test_check_shows_a_presets_parameters(session: Session, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session.project.write_text(re.sub(r"\[model\]\n(?:\w.*\n)+", '[model]\npreset = "gpt2-small"\n', TINY))
    assert check(session, cache) == 0
    inside = 124_439_808 - (50_257 + 1024) * 768
    assert f"gpt2-small, {inside + (320 + 32) * 768:,} parameters" in capsys.readouterr().out

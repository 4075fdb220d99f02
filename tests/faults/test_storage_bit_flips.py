"""A flipped bit in any file of a checkpoint is noticed before its weights are used; in a run's other files it is said,
refused or without effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reliability_parts import bit_flips, damage
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol.events import Noted
from msopt_tui.runs.directory import RunDirectory
from tests.ml import live
from tests.projects import events_of, state_of


def test_no_flipped_bit_goes_unnoticed() -> None:
    found = bit_flips.measure(80)
    assert found.missed == []
    assert found.detected == found.tried == 80


def test_no_damage_to_a_run_changes_what_a_resume_makes_of_it_in_silence() -> None:
    found = damage.measure(25)
    assert damage.total(found).missed == []
    assert all(kind.said > 0 for what, kind in found.items() if what not in ("notes", "index"))


def warnings_of(run: RunDirectory, damaged: int = 0) -> list[str]:
    return [event.text for event in events_of(run, damaged) if isinstance(event, Noted) and event.level == "warning"]


def test_a_resumed_run_tells_what_of_its_files_is_not_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = live.create(tmp_path, "train.max_steps=30", "train.save_steps=10", "evaluate.prompts=[]")
    adjust = cmd.Adjust(changes={"train.weight_decay": 0.25})
    live.serve(run, {13: [adjust], 15: [cmd.Stop(save=False)]})
    journal = run.events.read_bytes()
    run.events.write_bytes(journal.replace(b'"new":0.25', b'"new":0.35', 1))
    config = run.config.read_text()
    run.config.write_text(config.replace("learning_rate = 0.003", "learning_rate = 0.002"))
    run.meta.write_bytes(run.meta.read_bytes().replace(b'"project":"', b'"qroject":"', 1))
    monkeypatch.chdir(tmp_path / "work")  # where its data lies is one of the things not known any more
    live.serve(run)
    journal_is, config_was, meta_is = warnings_of(run, damaged=1)[-3:]
    assert journal_is == "a line of events.jsonl damaged: what was done there is not known, and not done again"
    assert config_was == ("config.toml was changed since the run began: train.learning_rate is 0.002 and was 0.003")
    assert meta_is.startswith("meta.json is damaged: ")
    state = state_of(run, damaged=1)
    assert state.status == "completed"
    assert "train.weight_decay" not in state.adjusted, "a line that is not trusted is not followed"


def test_a_journal_cut_off_behind_the_last_checkpoint_is_noticed(tmp_path: Path) -> None:
    run = live.create(tmp_path, "train.max_steps=30", "train.save_steps=10", "evaluate.prompts=[]")
    live.serve(run, {13: [cmd.Adjust(changes={"train.weight_decay": 0.25})], 15: [cmd.Stop(save=False)]})
    journal = run.events.read_bytes()
    whole = journal[: journal.index(b'"type":"Adjusted"')]
    cut = whole[: whole.rindex(b"\n") + 1]
    run.events.write_bytes(cut)
    live.serve(run)
    lost = len(journal) - len(cut)
    assert f"events.jsonl has lost {lost} bytes at its end: what was done there is not done again" in warnings_of(run)

"""Adapters grow: they begin with what they have learnt, in a branch, in a race and in the next round, exactly again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers.modeling_utils import PreTrainedModel

from msopt_tui.config.fields import Scalar
from msopt_tui.config.load import load_project
from msopt_tui.config.schema import LoraTable
from msopt_tui.engine import launch
from msopt_tui.engine.branch import branch, replay
from msopt_tui.engine.host import make_engine
from msopt_tui.ml import checkpoint, lora, lora_rank, optim
from msopt_tui.ml.forward import logits_of
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.steps.refine import step
from tests.ml import live
from tests.ml import task_projects as projects
from tests.ml.pretrained_dirs import of_family
from tests.ml.test_lora import LORA, STATE, adapted, both, trained
from tests.ml.tiny import CPU, SETTINGS, Architecture, rows, tokenizer_dir, train
from tests.projects import events_of, losses_of, state_of

pytest.importorskip("peft")
torch.set_num_threads(1)

TABLES = [LoraTable(r=8, alpha=32, dropout=0.1), LoraTable(r=6, alpha=4)]
EMBEDDED = ["embed_tokens", "q_proj", "down_proj"]


def answers_of(model: PreTrainedModel) -> torch.Tensor:
    mode = model.training
    with torch.no_grad():
        found = logits_of(model.eval())(rows(1)[:, :-1])
    model.train(mode)
    return found


@both
@pytest.mark.parametrize("table", TABLES, ids=["same scaling", "another"])
def test_a_checkpoint_of_a_lower_rank_does_what_it_did(
    architecture: Architecture, table: LoraTable, tmp_path: Path
) -> None:
    model, optimizer = trained(architecture)
    saved = checkpoint.save(tmp_path / "c", model, optimizer, tokenizer_dir(tmp_path), STATE, CPU).path
    larger = adapted(architecture, table, seed=7)
    wide = optim.build(larger, SETTINGS, CPU)
    checkpoint.load(saved, larger, wide, CPU)
    assert torch.allclose(answers_of(larger), answers_of(model), atol=1e-5)
    resized = adapted(architecture)
    other = optim.build(resized, SETTINGS, CPU)
    lora_rank.resize(resized, lora_rank.Rank(table.r, table.alpha))
    other.replace(resized.named_parameters())
    checkpoint.load(saved, resized, other, CPU)
    torch.manual_seed(5)
    expected = train(larger, wide, 6, 9)
    if table.dropout == LORA.dropout:
        torch.manual_seed(5)
        assert train(resized, other, 6, 9) == expected, "however it got its size"
    for name, parameter in larger.named_parameters():
        if "lora_B" in name:
            assert parameter[:, 4:].abs().max() > 0, "the new places learn"
    assert lora_rank.rank_of(larger) == lora_rank.Rank(table.r, table.alpha)
    lora_rank.resize(resized, lora_rank.Rank(4, 16.0))
    other.replace(resized.named_parameters())
    checkpoint.load(saved, resized, other, CPU)
    assert torch.equal(answers_of(resized), answers_of(model)), "and back for another contestant"


def test_an_embedding_has_its_random_half_on_the_other_side(tmp_path: Path) -> None:
    tables = (LoraTable(r=r, alpha=4.0 * r, target_modules=EMBEDDED) for r in (4, 8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("msopt_tui.ml.lora._refuse_tied", lambda _: None)
        small, large = (adapted("llama", table) for table in tables)
    optimizer = optim.build(small, SETTINGS, CPU)
    train(small, optimizer, 1, 3)
    saved = checkpoint.save(tmp_path / "c", small, optimizer, tokenizer_dir(tmp_path), STATE, CPU).path
    wide = optim.build(large, SETTINGS, CPU)
    checkpoint.load(saved, large, wide, CPU)
    assert torch.allclose(answers_of(large), answers_of(small), atol=1e-5)
    train(large, wide, 4, 5)
    assert sum("lora_embedding_" in name for name in lora.stored(small)) == 2
    grown = dict(large.named_parameters())["model.embed_tokens.lora_embedding_A.default"]
    assert grown.shape[0] == 8
    assert grown[4:].abs().max() > 0


START = '[model]\npretrained = "base"\ndropout = 0.1\n[model.lora]\nr = 2\nalpha = 8\ndropout = 0.1\n'
ASKING = ("refine.mode=ask", "refine.max_rounds=3", "refine.probe_steps=4", "refine.range_test_steps=0")


def create(folder: Path) -> RunDirectory:
    of_family("gpt2", folder)
    project = projects.write(folder, "text-classification", model=START, steps=12)
    overrides = [f"data.cache_dir={folder / 'cache'}", "train.eval_steps=4", "train.save_total_limit=50", *ASKING]
    return launch.create_run(load_project(project, overrides), project, folder / "runs")


def grow(directory: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A run in which a person takes the second proposal, and then ends it."""
    changes: dict[str, Scalar] = {"model.lora.r": 4, "model.lora.alpha": 16.0}
    table = [
        ev.Proposal(id="slower", title="", reason="", changes={"train.learning_rate": 1e-3}),
        ev.Proposal(id="more-rank", title="", reason="", changes=changes),
    ]
    monkeypatch.setattr(step, "propose", lambda *_: table)
    answers = iter([cmd.Decide(proposal="more-rank", accept=True), cmd.Decide(proposal="", accept=False, finish=True)])
    engine = make_engine(directory, somebody_watches=True)
    emit = engine._control._emit

    def watch(event: ev.Event) -> None:
        emit(event)
        if isinstance(event, ev.Proposed):
            engine.submit(next(answers))

    engine._context.emit = engine._control._emit = watch
    engine.serve()
    assert engine.ended is not None
    assert engine.ended.status == "completed", engine.ended.reason
    return directory


def test_the_next_round_has_larger_adapters_and_can_be_cut_and_branched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = grow(create(tmp_path), monkeypatch)
    learning = [event.trainable for event in events_of(run) if isinstance(event, ev.ModelReady)]
    assert len(learning) == 2
    assert learning[1] > learning[0]
    probes = [event for event in events_of(run) if isinstance(event, ev.Probed) and event.round == 1]
    assert [one.proposal for one in probes] == ["control", "slower", "more-rank"]
    assert len({one.loss for one in probes}) == 3
    known = losses_of(run)
    assert len(known) == 24
    cut = live.serve(replay(run, tmp_path / "runs"), {15: [cmd.Stop(save=True)]})
    assert losses_of(live.serve(cut)) == known
    # From the first round's checkpoint with a rank of its own.
    other = live.serve(branch(run, 12, ["model.lora.r=8", "train.max_steps=16", "refine.mode=off"], tmp_path / "runs"))
    assert state_of(other).status == "completed"
    assert not [event for event in events_of(other) if isinstance(event, ev.Noted) and "starts anew" in event.text]
    assert len(losses_of(other)) == 4

"""A branch goes on as its parent did until something is changed; a replay gives the same losses to the last bit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from msopt_tui.config.errors import ConfigError
from msopt_tui.engine.branch import BranchError, branch, replay
from msopt_tui.engine.host import make_engine
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.adjustable import ACCUMULATION, MICRO
from msopt_tui.runs.record import read_meta
from msopt_tui.steps.refine import rate_test
from tests.ml.live import create, serve
from tests.projects import events_of, losses_of, state_of

torch.set_num_threads(1)

SHORT = ("train.max_steps=24", "train.save_steps=6", "train.eval_steps=8")


def test_a_branch_is_its_parent_until_something_is_changed(tmp_path: Path) -> None:
    adjust = cmd.Adjust(changes={"train.learning_rate": 1e-3})
    parent = serve(create(tmp_path, *SHORT), {9: [adjust]})
    known = losses_of(parent)
    same = serve(branch(parent, 12, [], tmp_path / "runs"))
    assert losses_of(same) == {step: known[step] for step in range(13, 25)}
    other = serve(branch(parent, 12, ["train.learning_rate=5e-3", "train.batch_size=2"], tmp_path / "runs"))
    changed = losses_of(other)
    assert list(changed) == list(range(13, 25))
    assert changed[20] != known[20]
    meta, state = read_meta(other.meta), state_of(other)
    assert meta is not None
    assert (meta.parent, meta.parent_step) == (parent.name, 12)
    assert state.status == "completed"
    assert state.best is not None
    assert state.best.step >= 12
    assert same.start.exists()


def test_a_branch_of_other_weights_or_from_nothing_is_refused(tmp_path: Path) -> None:
    parent = serve(create(tmp_path, *SHORT), {7: [cmd.Stop(save=False)]})
    with pytest.raises(BranchError, match="there are 0, 6"):
        branch(parent, 7, [], tmp_path / "runs")
    with pytest.raises(ConfigError, match="learning_rate"):
        branch(parent, 6, ["train.learning_rate=-1"], tmp_path / "runs")
    wider = serve(branch(parent, 6, ["model.hidden_size=64"], tmp_path / "runs"), fails=True)
    assert "is not what the checkpoint was trained with" in state_of(wider).ended.reason  # type: ignore[union-attr]  # it ended


def test_a_replay_gives_the_same_losses_to_the_last_bit(tmp_path: Path) -> None:
    commands: dict[int, list[cmd.Command]] = {
        3: [cmd.Adjust(changes={"train.learning_rate": 5e-3}), cmd.Evaluate(), cmd.Save()],
        5: [cmd.Adjust(changes={MICRO: 2})],
        7: [cmd.RollBack(step=3), cmd.Adjust(changes={"model.dropout": 0.2, "train.weight_decay": 0.0})],
        10: [cmd.Undo(), cmd.Adjust(changes={MICRO: 3, ACCUMULATION: 2})],
        13: [cmd.Adjust(changes={"train.max_steps": 20}), cmd.Pause()],
        14: [cmd.Stop(save=False)],
    }
    first = create(tmp_path, *SHORT, "train.save_total_limit=1")
    serve(first, commands)
    serve(first, {16: [cmd.Evaluate(), cmd.RollBack(step=12)]})
    again = serve(replay(first, tmp_path / "runs"))
    assert losses_of(again) == losses_of(first)
    assert len(losses_of(again)) == 20
    kinds = (ev.Adjusted, ev.RolledBack)
    done = [[(e.step, type(e)) for e in events_of(run) if isinstance(e, kinds)] for run in (first, again)]
    assert set(done[0]) == set(done[1])


def test_adjustments_in_a_race_and_answers_are_repeated_and_end_where_they_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_test, "MOST", 0.2)  # a test of twelve steps before so short a round
    settings = (
        "train.max_steps=60", "train.eval_steps=20", "train.save_steps=30", "refine.mode=ask", "refine.probe_steps=6",
        "refine.max_rounds=4", "refine.budget_steps=400", "refine.holdout_fraction=0.3", "train.learning_rate=1e-4",
    )  # fmt: skip
    first = create(tmp_path, *settings)
    answers = iter(
        [
            cmd.Decide(proposal="own", accept=True, changes={"train.learning_rate": 2e-3, "train.warmup_steps": 7}),
            cmd.Decide(proposal="own", accept=True, changes={"model.dropout": 0.3, "model.freeze": '["embed_tokens"]'}),
            cmd.Decide(proposal="own", accept=False, finish=True),
        ]
    )
    engine = make_engine(first, somebody_watches=True)
    emit = engine._control._emit

    def watch(event: ev.Event) -> None:
        emit(event)
        if isinstance(event, ev.Proposed):
            if event.step:
                engine.submit(cmd.Adjust(changes={"train.max_steps": 30, "train.weight_decay": 0.03}))
            engine.submit(next(answers))
        elif isinstance(event, ev.Probed):
            engine.submit(cmd.Adjust(changes={"train.adam_beta2": 0.95}))

    engine._context.emit = engine._control._emit = watch
    engine.serve()
    assert engine.ended is not None
    assert engine.ended.status == "completed", engine.ended.reason
    known = losses_of(first)
    assert len(known) == 90
    ends = [event for event in events_of(first) if isinstance(event, ev.RoundEnded)]
    assert [event.step for event in ends] == [60, 90]
    again = serve(replay(first, tmp_path / "runs"))
    assert losses_of(again) == known
    assert state_of(again).status == "completed"
    # The same run cut in its second round: what was spent, and the rows of the best step, are known again.
    cut = serve(replay(first, tmp_path / "runs"), {70: [cmd.Stop(save=True)]})
    shutil.rmtree(cut.checkpoints / "checkpoint-60")
    serve(cut)
    assert losses_of(cut) == known
    ended = [[event for event in events_of(run) if isinstance(event, ev.RoundEnded)] for run in (first, again, cut)]
    for figure in ("holdout_loss", "best_loss", "spent"):
        of_first, *others = [[getattr(event, figure) for event in events] for events in ended]
        assert None not in of_first
        assert others == [of_first, of_first], figure

"""What may change live changes in a real run and stays changed over a resume, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from msopt_tui.config.fields import Scalar
from msopt_tui.engine.branch import replay
from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.adjustable import ACCUMULATION, MICRO
from msopt_tui.runs.record import read_record
from tests.ml.live import create, create_mixed, serve
from tests.projects import events_of, losses_of, state_of

torch.set_num_threads(1)

SHORT = ("train.max_steps=24", "train.save_steps=6", "train.eval_steps=24")


@pytest.mark.parametrize(
    "changes",
    [
        {MICRO: 2},
        {MICRO: 3, ACCUMULATION: 2},
        {"train.warmup_steps": 16, "model.dropout": 0.3},
        {"model.freeze": '["embed_tokens","layers.0"]'},
    ],
    ids=["micro-batch", "global batch", "schedule and dropout", "freeze"],
)
def test_an_adjusted_run_resumed_before_and_after_it_is_the_same(tmp_path: Path, changes: dict[str, Scalar]) -> None:
    adjust = cmd.Adjust(changes=dict(changes))
    whole = losses_of(serve(create(tmp_path, *SHORT), {9: [adjust]}))
    plain = losses_of(serve(create(tmp_path, *SHORT)))
    assert [whole[step] for step in range(1, 10)] == [plain[step] for step in range(1, 10)]
    assert whole[12] != plain[12]
    cut = create(tmp_path, *SHORT)
    # Killed at 11, behind the adjustment and before the next checkpoint; then at 14, behind both.
    serve(cut, {9: [adjust], 11: [cmd.Stop(save=False)]})
    serve(cut, {14: [cmd.Stop(save=False)]})
    serve(cut)
    assert losses_of(cut) == whole


def test_a_change_of_the_global_batch_is_seen_in_the_tokens(tmp_path: Path) -> None:
    run = serve(create(tmp_path, *SHORT), {9: [cmd.Adjust(changes={MICRO: 8, ACCUMULATION: 2})]})
    tokens = sum(event.tokens for event in events_of(run) if isinstance(event, ev.StepsDone))
    assert tokens == 32 * (9 * 4 + 15 * 16)


def test_parts_are_frozen_and_learn_again_where_they_left_off_and_a_wrong_name_is_refused(tmp_path: Path) -> None:
    parts = '["layers.0","lm_head"]'
    commands: dict[int, list[cmd.Command]] = {
        3: [cmd.Adjust(changes={"model.freeze": '["layers.7"]'}), cmd.Adjust(changes={"model.freeze": parts})],
        6: [cmd.Save()],
        9: [cmd.Undo(), cmd.Save()],
        12: [cmd.Adjust(changes={"model.freeze": '["model","lm_head"]'})],
    }
    run = create(tmp_path, "train.max_steps=15", "train.save_steps=3", "train.eval_steps=24")
    whole = losses_of(serve(run, commands))
    refused = [event.reason for event in events_of(run) if isinstance(event, ev.CommandRefused)]
    assert "names no part of this model" in refused[0]
    assert "nothing would learn" in refused[1]
    then, later, last = (load_file(run.checkpoint(step) / "model.safetensors") for step in (3, 9, 12))
    moments = [load_file(run.checkpoint(step) / "optimizer.safetensors") for step in (3, 9, 12)]
    for name, weight in then.items():
        frozen = "layers.0." in name or "embed_tokens" in name  # one matrix with lm_head
        assert torch.equal(weight, later[name]) is frozen, name
        assert not torch.equal(weight, last[name]), name
        assert torch.equal(moments[0][f"exp_avg.{name}"], moments[1][f"exp_avg.{name}"]) is frozen
        assert float(moments[2].get(f"step.{name}", moments[2]["step"])) == (6 if frozen else 12)
    learning = [event.trainable for event in events_of(run) if isinstance(event, ev.ModelReady)]
    assert learning[0] == learning[2] > learning[1]
    again = create(tmp_path, "train.max_steps=15", "train.save_steps=3", "train.eval_steps=24")
    serve(again, {3: commands[3], 5: [cmd.Stop(save=False)]})
    serve(again, {8: [cmd.Stop(save=False)]})
    serve(again, {9: [cmd.Undo(), cmd.Undo()], 10: [cmd.Stop(save=False)]})
    refused = [event.reason for event in events_of(again) if isinstance(event, ev.CommandRefused)]
    assert refused.count("nothing has been adjusted") == 1, "one took back what was adjusted before the resume"
    serve(again, {14: [cmd.Stop(save=False)]})
    assert losses_of(serve(again)) == whole
    record = read_record(again.state)
    assert record is not None
    assert record.seconds == pytest.approx(state_of(again).seconds), "the record and the journal tell one duration"


def test_weights_of_sources_change_from_a_step_on_exactly_over_resumes_and_back(tmp_path: Path) -> None:
    def weigh(weights: str) -> cmd.Adjust:
        return cmd.Adjust(changes={"data.source_weights": weights})

    asked: list[cmd.Command] = [weigh("[1]"), weigh("[0, 0]"), weigh("[-1, 2]"), weigh("[1, 3]")]
    commands: dict[int, list[cmd.Command]] = {5: asked, 13: [cmd.Undo()], 16: [weigh("[1, 0]")]}
    run = create_mixed(tmp_path, *SHORT)
    whole = losses_of(serve(run, commands))
    refused = [event.reason for event in events_of(run) if isinstance(event, ev.CommandRefused)]
    assert [reason.split(":")[0] for reason in refused] == ["data.source_weights"] * 3
    assert "1 number for 2 sources" in refused[0]
    assert "above 0" in refused[1]
    assert ">= 0" in refused[2]
    plain = losses_of(serve(create_mixed(tmp_path, *SHORT)))
    assert [whole[step] for step in range(1, 6)] == [plain[step] for step in range(1, 6)]
    assert whole[6] != plain[6]
    again = create_mixed(tmp_path, *SHORT)
    serve(again, {5: asked[3:], 11: [cmd.Stop(save=False)]})
    serve(again, {13: [weigh("[]")], 14: [cmd.Stop(save=False)]})
    serve(again, {16: [weigh("[1, 0]")], 17: [cmd.Stop(save=False)]})
    serve(again, {20: [cmd.Stop(save=False)]})
    assert losses_of(serve(again)) == whole
    assert losses_of(serve(replay(run, tmp_path / "runs"))) == whole


def test_the_loss_is_told_by_source_and_falls_for_the_source_that_is_learned(tmp_path: Path) -> None:
    run = create_mixed(tmp_path, "train.max_steps=40", "train.eval_steps=40", "data.source_weights=[0, 1]")
    serve(run)
    first, last, test = [event for event in events_of(run) if isinstance(event, ev.Evaluated)]
    assert list(first.source_losses) == list(test.source_losses) == ["words.txt", "other.txt"]
    (words, other), (words_then, other_then) = last.source_losses.values(), first.source_losses.values()
    assert words is not None
    assert other is not None
    assert words_then is not None
    assert other_then is not None
    assert other_then - other > 2 * (words_then - words)
    whole = last.metrics["loss"]
    assert whole is not None
    share = (whole - other) / (words - other)
    assert 0.2 < share < 0.8, "both are in it, by their tokens"
    serve(single := create(tmp_path / "single", "train.max_steps=4"))
    assert all(event.source_losses == {} for event in events_of(single) if isinstance(event, ev.Evaluated))

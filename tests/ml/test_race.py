"""Races between settings that change what a step reads or what of the network learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from msopt_tui.config.fields import Scalar
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.adjustable import ACCUMULATION, MICRO
from msopt_tui.steps.refine import step
from tests.ml.live import create_mixed, serve
from tests.projects import events_of

torch.set_num_threads(1)

SHORT = ("train.max_steps=30", "train.eval_steps=10", "train.save_steps=10", "refine.mode=auto", "refine.max_rounds=2")
Changes = dict[str, dict[str, Scalar]]


def raced(folder: Path, changes: Changes, monkeypatch: pytest.MonkeyPatch) -> list[ev.Event]:
    """A run whose proposals are these."""
    table = [ev.Proposal(id=name, title=name, reason="", changes=own) for name, own in changes.items()]
    monkeypatch.setattr(step, "propose", lambda *_: table)
    return events_of(serve(create_mixed(folder, *SHORT, "refine.probe_steps=8", "refine.max_proposals=4")))


def test_no_contestant_leaves_anything_behind_and_all_read_as_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: Changes = {
        "batch": {ACCUMULATION: 4},
        "freeze": {"model.freeze": '["embed_tokens","layers.0"]'},
        "sources": {"data.source_weights": "[1, 9]"},
        "small": {MICRO: 2},
    }
    plain: Changes = {f"decay {at}": {"train.weight_decay": at / 5} for at in range(1, 5)}
    losses, probed = [], []
    for changes in (others, plain):
        events = raced(tmp_path, changes, monkeypatch)
        probes = [event for event in events if isinstance(event, ev.Probed)]
        assert {one.proposal for one in probes} == {"control", *changes}
        losses.append([one.loss for one in probes if one.proposal == "control"])
        assert len({one.loss for one in probes}) == len(probes), "every contestant goes its own way"
        probed.append([event.spent["probed"] for event in events if isinstance(event, ev.RoundStarted)][-1])
    assert len(losses[0]) == 2, "a heat of four and one of two"
    assert losses[0] == losses[1], "the control is the same whoever runs beside it"
    assert probed[0] == probed[1]

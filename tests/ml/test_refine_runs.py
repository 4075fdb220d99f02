"""Refinement inside whole runs: what it spends, what it changes, and that a corrupted stretch of data does no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import torch

from msopt_tui.config.load import load_project
from msopt_tui.engine import launch
from msopt_tui.engine.host import make_engine
from msopt_tui.ml.batch import Batch
from msopt_tui.ml.stream import ROWS, StreamBatches
from msopt_tui.protocol import events as ev
from tests.projects import events_of, write_project

E = TypeVar("E")
QUICK = ("train.max_steps=240", "train.eval_steps=120", "train.save_steps=120", "evaluate.max_new_tokens=1")
LONGER = ("train.max_steps=400", "train.eval_steps=200", "train.save_steps=200", "train.learning_rate=3e-5")
AUTO = ("refine.mode=auto", "refine.budget_steps=400", "refine.max_rounds=3")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def run(folder: Path, *overrides: str) -> list[ev.Event]:
    project = write_project(folder / "work")
    directory = launch.create_run(load_project(project, [*QUICK, *overrides]), project, folder / "runs")
    make_engine(directory, somebody_watches=False).serve()
    events = events_of(directory)
    ended = events[-1]
    assert isinstance(ended, ev.RunEnded)
    assert ended.status == "completed", ended.reason
    return events


def of(kind: type[E], events: list[ev.Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def test_loss(events: list[ev.Event]) -> float:
    (loss,) = (one.metrics["loss"] for one in of(ev.Evaluated, events) if one.split == "test")
    assert loss is not None
    return loss


test_loss.__test__ = False  # type: ignore[attr-defined]  # a figure, not a test


@pytest.mark.usefixtures("cache")
def test_a_rate_far_too_low_is_put_right_before_the_first_round_within_the_budget(tmp_path: Path) -> None:
    refined = run(tmp_path / "refined", *LONGER, *AUTO)
    written = run(tmp_path / "written", *LONGER)
    (tested,) = of(ev.RateTested, refined)
    assert tested.rates == sorted(tested.rates)
    assert len(tested.rates) == len(tested.losses)
    assert tested.suggested is not None
    (found,) = next(one.findings for one in of(ev.Diagnosed, refined))
    assert found.kind == "rate-too-low"
    first = of(ev.RoundStarted, refined)[0]
    assert first.changes["train.learning_rate"] == tested.suggested
    assert first.changes["train.lr_scheduler_type"] == "warmup_stable_decay"
    assert "not measured in this run: lr_scheduler_type, warmup_steps" in of(ev.Decided, refined)[0].reason
    assert test_loss(refined) < test_loss(written)
    spent = of(ev.RoundEnded, refined)[-1].spent
    assert 0 < spent["probed"] <= 0.05 * 400 * 4 * 32
    assert sum(spent.values()) <= 400 * 4 * 32
    steps = of(ev.StepsDone, refined)
    assert steps[0].first == 1, "the range test is on nobody's curve"


@pytest.mark.usefixtures("cache")
def test_the_race_has_a_control_and_the_holdout_is_reported(tmp_path: Path) -> None:
    events = run(
        tmp_path,
        "train.max_steps=60",
        "train.eval_steps=10",
        "refine.mode=auto",
        "refine.max_rounds=2",
        "refine.probe_steps=6",
        "refine.holdout_fraction=0.4",
    )
    probes = of(ev.Probed, events)
    assert {"control"} < {one.proposal for one in probes}
    assert all(one.margin is None for one in probes if one.proposal == "control")
    assert all(one.margin is not None for one in probes if one.proposal != "control")
    ended = of(ev.RoundEnded, events)[0]
    assert ended.holdout_loss is not None
    assert ended.best_loss is not None
    whole = next(one.metrics["loss"] for one in of(ev.Evaluated, events) if one.step == ended.best_step)
    assert whole is not None
    assert min(ended.best_loss, ended.holdout_loss) < whole < max(ended.best_loss, ended.holdout_loss)
    counted = [event.first for event in of(ev.StepsDone, events)]
    assert counted == sorted(counted)


@pytest.mark.usefixtures("cache")
def test_a_corrupted_stretch_ends_lower_with_the_guard_than_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = StreamBatches.batch

    def batch(self: StreamBatches, step: int) -> Batch:
        found = sound(self, step)
        if not 190 <= step < 220:
            return found
        noise = torch.randint(0, 256, found[ROWS].shape, generator=torch.Generator().manual_seed(step))
        return Batch({ROWS: noise}, found.targets, found.tokens)

    monkeypatch.setattr(StreamBatches, "batch", batch)
    guarded = run(tmp_path / "guarded", "train.learning_rate=1e-2")
    left = run(tmp_path / "left", "train.learning_rate=1e-2", "train.spike_sigmas=0", "train.max_broken_steps=0")
    assert any("left out" in note.text for note in of(ev.Noted, guarded))
    assert not any("left out" in note.text for note in of(ev.Noted, left))
    assert of(ev.RolledBack, guarded) == [], "the weights were never harmed"
    assert test_loss(guarded) < test_loss(left)

"""A run that ends while a round's race is on goes on, resumed, as the undisturbed one does."""

from __future__ import annotations

from pathlib import Path

import pytest

from msopt_tui.steps.refine import race
from tests.ml import live
from tests.projects import losses_of, state_of

OVERRIDES = (
    "train.max_steps=60",
    "train.save_steps=10",
    "refine.mode=auto",
    "refine.max_rounds=2",
    "refine.probe_steps=5",
)


def test_a_resume_in_the_race_decides_as_the_undisturbed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = live.serve(live.create(tmp_path, *OVERRIDES))
    assert len(losses_of(whole)) == 120, "two rounds, or there is nothing to show here"

    def breaks(*_: object) -> None:
        raise RuntimeError("ended in the race")

    broken = live.create(tmp_path, *OVERRIDES)
    with monkeypatch.context() as patch:
        patch.setattr(race, "_report", breaks)
        live.serve(broken, fails=True)
    live.serve(broken)
    assert state_of(broken).status == "completed"
    assert losses_of(broken) == losses_of(whole)

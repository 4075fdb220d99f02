"""What a person is told of the round that a proposal would begin."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from msopt_tui.config.change import with_changes
from msopt_tui.config.schema import Config
from msopt_tui.protocol.events import Proposal
from msopt_tui.runs.directory import RunDirectory
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.refine import rounds


@pytest.mark.parametrize("start", ["checkpoint", "fresh"])
def test_a_shorter_warm_up_is_part_of_what_is_put_before_a_person(tmp_path: Path, start: str) -> None:
    config = with_changes(Config(), {"train.warmup_steps": 100})
    context = cast("RunContext", SimpleNamespace(config=config, directory=RunDirectory(tmp_path)))
    proposal = Proposal(id="longer", title="t", reason="it falls", changes={"train.learning_rate": 0.5})
    if start == "fresh":
        (tmp_path / "initial" / "checkpoint-0").mkdir(parents=True)
        proposal = Proposal(id="again", title="t", reason="r", changes={"train.learning_rate": 0.1}, start="fresh")
        assert rounds.as_begun(context, proposal, 600) == proposal, "a fresh start warms up as written"
        return
    told = rounds.as_begun(context, proposal, 600)
    assert told.changes == {"train.learning_rate": 0.5, "train.warmup_steps": 60}
    assert told.reason.startswith("it falls; the warm-up is cut to a tenth of the round")
    assert rounds.as_begun(context, told, 300) == told, "what a proposal says of it counts"
    assert rounds.as_begun(context, proposal, 5_000) == proposal, "it is short enough"
